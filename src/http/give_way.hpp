// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>

namespace cluster::http {

/// Whether to let others run on this processor (sched_yield(2)) before a second look. Where clients or other
/// workers wait for it, they make what the look then finds, and nobody has to wake us: one wake-up serves
/// more of them. Where somebody else computes for as long as he is let, the time is lost; asleep one would
/// have been woken before his is up. Who is there shows in how long it takes to come back: at once, and it
/// was nobody; soon, and it was one who waits for connections like us; a whole slice, and it was somebody who
/// computes, unless what is found then was sent from this processor: a client with much to do.
class give_way {
 public:
  using time = std::chrono::nanoseconds;
  static constexpr time slice = std::chrono::milliseconds{1};

  /// `now` in milliseconds of any clock that only goes forward.
  bool pays(std::uint64_t now) noexcept {
    if (now < not_before_) return false;
    return away_ >= somebody || ++passed_over_ % 32 == 0;
  }

  /// It was done and took so long.
  void took(time away) noexcept { away_ += (away - away_) / 8; }

  /// That was a slice or more, and no client was found to have run meanwhile.
  void lost(time away, std::uint64_t now) noexcept {
    if (now >= window_ends_) {
      window_ends_ = now + 100;
      lost_ = {};
    }
    lost_ += away;
    if (lost_ < std::chrono::milliseconds{25}) return;
    not_before_ = now + 500;
    away_ = lost_ = {};
  }

 private:
  static constexpr time somebody = std::chrono::microseconds{4};

  time away_{};  ///< how long it took, the recent ones above all
  time lost_{};  ///< in this window
  std::uint64_t window_ends_ = 0;
  std::uint64_t not_before_ = 0;
  unsigned passed_over_ = 31;  ///< the first is tried
};

}  // namespace cluster::http
