// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire/date.hpp"

#include <cstdint>

#include <time.h>

namespace cluster::http {

/// The time as of the last wake-up; good to a few milliseconds and nearly free (no system call).
class coarse_clock {
 public:
  coarse_clock() noexcept { update(); }

  void update() noexcept {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    now_ = static_cast<std::uint64_t>(t.tv_sec) * 1000 + static_cast<std::uint64_t>(t.tv_nsec) / 1'000'000;
    ::clock_gettime(CLOCK_REALTIME_COARSE, &t);
    date_.set(t.tv_sec);
  }

  /// Milliseconds since some point in the past.
  std::uint64_t now() const noexcept { return now_; }
  /// The Date field line.
  std::string_view date() const noexcept { return date_.view(); }

 private:
  std::uint64_t now_ = 0;
  wire::date_line date_;
};

}  // namespace cluster::http
