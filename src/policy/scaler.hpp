// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "policy/time_point.hpp"

#include <cluster/types.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cluster::policy {

/// A ready worker as it is seen in a look.
struct load_reading {
  worker_id worker;
  std::chrono::nanoseconds busy{0};  ///< of its event loop since it was started
};

/// Lets the number of workers follow the load between two bounds. What counts is the mean share of their time
/// that workers are busy. Above `high` for some looks in a row there are so many more that the share becomes
/// `aim`; there is one fewer when it would stay below `low` without that one, for half a minute. Since `low`
/// lies below `aim` and `aim` below `high`, no step brings about the step back.
class scaler {
 public:
  static constexpr std::chrono::seconds interval{1};
  static constexpr double high = 0.8;
  static constexpr double aim = 0.6;
  static constexpr double low = 0.5;
  static constexpr unsigned looks_up = 3;
  static constexpr unsigned looks_down = 30;

  scaler() = default;
  explicit scaler(scale_range range) : range_(range) {}

  bool active() const noexcept { return range_.max != 0; }
  scale_range range() const noexcept { return range_; }
  /// Other bounds; all zero: the number is nobody's but the user's.
  void set(scale_range range);

  struct order {
    std::size_t workers;
    std::string why;  ///< "they were busy 86 % of the time"
  };
  /// `target` is the number wanted now. `settled` is false while workers come and go: what is seen then says
  /// little, and nothing is ordered on top of it.
  std::optional<order> look(const std::vector<load_reading>&, std::size_t target, bool settled,
                            time_point now);
  time_point next_look() const noexcept { return next_look_; }

 private:
  std::optional<double> share_since_last(const std::vector<load_reading>&, time_point now) const;
  std::optional<order> judge(double share, std::size_t target);

  scale_range range_;
  std::map<worker_id, std::chrono::nanoseconds> seen_;
  time_point seen_at_{};
  time_point next_look_{};
  unsigned above_ = 0;
  unsigned below_ = 0;
};

}  // namespace cluster::policy
