// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "policy/time_point.hpp"

#include <cluster/options.hpp>
#include <cluster/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace cluster::policy {

/// The moments of the last failures, as far back as the window reaches.
class failure_window {
 public:
  void add(time_point now) { failures_.push_back(now); }
  /// Forgets what is `reach` old or older.
  void slide(time_point now, std::chrono::milliseconds reach);
  void clear() { failures_.clear(); }
  std::size_t size() const noexcept { return failures_.size(); }

 private:
  std::deque<time_point> failures_;
};

/// What the restart policy remembers of one slot.
struct slot_failures {
  failure_window window;
  std::size_t in_a_row = 0;  ///< since the last healthy worker
};

/// The answer to a failure: wait, or rest.
struct restart_verdict {
  enum class kind : std::uint8_t {
    wait,         ///< back off, then start the next worker
    rest_slot,    ///< the slot failed too often
    rest_cluster  ///< all slots together failed too often: each that needs a restart rests
  };

  kind what = kind::wait;
  std::chrono::milliseconds delay{0};  ///< of a rest: zero means until told
  std::optional<time_point> due;       ///< when the delay is over; nothing means until told
  std::size_t failures = 0;            ///< counted for the limit that decided, this one included
  std::size_t limit = 0;               ///< zero means there is none
};

/// The exponential back-off delay before the restart that follows `in_a_row` failures (from 1 up),
/// with `spread` in 0..1 choosing the place between the lower and the upper end of its jitter.
/// Never above max_delay: near it the jitter is cut off on the upper side, not piled up at the cap.
std::chrono::milliseconds backoff_delay(const restart_policy&, std::size_t in_a_row, double spread);

/// Decides when and whether ended workers are started again. Deterministic: the same seed and calls
/// give the same answers.
class restart_control {
 public:
  restart_control(restart_policy policy, std::uint64_t seed);

  /// Whether a worker that was ready for this long (nothing: never) ended in good health.
  bool healthy(std::optional<time_point::duration> ready_for) const;
  /// Whether its exit code says "do not start me again".
  bool retires(const exit_status&) const;

  /// Counts a failure of a slot in a cluster of `workers` slots.
  restart_verdict failed(slot_failures&, std::size_t workers, time_point now);
  /// A rest of the whole cluster ends before its time.
  void end_cluster_rest() noexcept { cluster_rest_.reset(); }

  const restart_policy& policy() const noexcept { return policy_; }

 private:
  restart_verdict rest(restart_verdict::kind, std::size_t failures, std::size_t limit, time_point now) const;
  bool cluster_rests(time_point now);
  double next_spread();

  restart_policy policy_;
  std::uint64_t random_;
  failure_window window_;                        ///< of the cluster
  std::optional<restart_verdict> cluster_rest_;  ///< the one under way
};

}  // namespace cluster::policy
