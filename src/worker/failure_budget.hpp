// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace cluster {

/// Bounds how many failing handlers are reported: a handler that throws at each request must neither
/// flood the log nor the channel.
class failure_budget {
 public:
  static constexpr unsigned per_second = 10;

  /// Nothing if this one is to be kept quiet, else how many were since the last report.
  std::optional<std::uint64_t> spend(std::chrono::steady_clock::time_point now) {
    if (now - window_ >= std::chrono::seconds(1)) {
      window_ = now;
      spent_ = 0;
    }
    if (spent_ >= per_second) {
      ++suppressed_;
      return std::nullopt;
    }
    ++spent_;
    return std::exchange(suppressed_, 0);
  }

 private:
  std::chrono::steady_clock::time_point window_{};
  unsigned spent_ = 0;
  std::uint64_t suppressed_ = 0;
};

}  // namespace cluster
