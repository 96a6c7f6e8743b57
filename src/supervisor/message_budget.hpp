// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace cluster {

/// Counts what one worker sends unasked; a flood costs that worker only. So many may come at once, and so
/// many a second for good: counted is what the supervisor reads, and one that gets little CPU reads little of
/// a flood in any second.
class message_budget {
 public:
  static constexpr std::size_t at_once = 2000;
  static constexpr std::size_t per_second = 250;

  /// False when this message is one too many.
  bool spend(std::chrono::steady_clock::time_point now) {
    constexpr std::chrono::nanoseconds each = std::chrono::nanoseconds(std::chrono::seconds(1)) / per_second;
    // The time by which all that came would have been in order; never further back than now.
    paid_until_ = std::max(paid_until_, now) + each;
    return paid_until_ - now <= at_once * each;
  }

 private:
  std::chrono::steady_clock::time_point paid_until_{};
};

}  // namespace cluster
