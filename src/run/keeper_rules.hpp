// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace cluster::run_detail {

/// What a keeper does when its supervisor has ended. Pure: the end and the time in, the answer out.
class keeper_rules {
 public:
  using milliseconds = std::chrono::milliseconds;

  static constexpr milliseconds long_enough{10'000};  ///< who lived that long did not fail at its start
  static constexpr milliseconds first{100};
  static constexpr milliseconds most{10'000};

  struct end {
    bool signalled = false;
    int code = 0;  ///< exit code, or signal
    milliseconds lived{0};
  };

  /// How long to wait before the next start; nothing if the end was meant: a code of its own, other than that
  /// of a failure while running.
  std::optional<milliseconds> next(const end& how) {
    if (!how.signalled && how.code != 1) return std::nullopt;
    if (how.lived >= long_enough) in_a_row_ = 0;
    // The first time at once: every moment without a supervisor is one in which nobody replaces a worker.
    if (in_a_row_++ == 0) return milliseconds(0);
    return std::min(most, first * (1 << std::min(in_a_row_ - 2, 10)));
  }

 private:
  int in_a_row_ = 0;
};

}  // namespace cluster::run_detail
