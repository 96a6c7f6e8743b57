// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "policy/time_point.hpp"

#include <cluster/types.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cluster::policy {

/// What a worker may come to before it is replaced. Zero: no limit.
struct recycle_limits {
  std::uint64_t max_requests = 0;
  std::chrono::milliseconds max_age{0};
  std::uint64_t max_rss = 0;       ///< bytes
  std::uint64_t max_rss_hard = 0;  ///< bytes; beyond it there is no time for anything gentle
};

/// A ready worker as it is seen in a look.
struct recycle_reading {
  worker_id worker;
  std::uint64_t requests = 0;
  std::uint64_t rss = 0;
  time_point since;  ///< launched at
};

/// Decides which worker is to be replaced because it has served enough, one at a time. Each worker's own
/// limits are up to a tenth lower than what was asked for, so that workers that began together do not end
/// together.
class recycler {
 public:
  recycler(const recycle_limits& limits, std::uint64_t seed);

  struct order {
    worker_id worker;
    std::string why;       ///< "1003 requests of 1000"
    bool at_once = false;  ///< end it now
  };

  bool active() const noexcept;
  /// Looks at all ready workers. `may` is false while another worker is being replaced; that does not hold
  /// for one that has to be ended at once, and there may be more of them: look again.
  std::optional<order> look(const std::vector<recycle_reading>&, bool may, time_point now);
  /// When the next look is due: sooner, the faster a worker goes towards a limit.
  time_point next_look() const noexcept { return next_look_; }

 private:
  struct seen {
    std::uint64_t requests = 0;
    std::uint64_t rss = 0;
    time_point at;
    time_point not_before;  ///< after an order for it: when there may be another one
  };

  double share(worker_id) const noexcept;
  double wear(const recycle_reading&, time_point now) const;
  std::chrono::nanoseconds time_left(const recycle_reading&, time_point now) const;
  std::string words(const recycle_reading&, time_point now) const;

  recycle_limits limits_;
  std::uint64_t seed_;
  std::map<worker_id, seen> seen_;
  time_point next_look_{};
};

}  // namespace cluster::policy
