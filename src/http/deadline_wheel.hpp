// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace cluster::http {

/// What can be put on the wheel; in one list at a time, and where it lies does not matter to anyone else.
struct wheel_entry {
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t deadline = never;   ///< in milliseconds of the coarse clock
  std::uint64_t looked_at = never;  ///< when the wheel comes by
  wheel_entry* next = nullptr;
  wheel_entry** link = nullptr;  ///< what points here: a list's head or the entry before; null: in no list
};

/// One timer for all connections, lazy: moving a deadline back costs one store, and the wheel finds out
/// when it comes by. So a busy connection is touched once in a while, not at every tick.
class deadline_wheel {
 public:
  /// Milliseconds from tick to tick.
  deadline_wheel(std::uint64_t tick, std::uint64_t now) noexcept;

  void set(wheel_entry& entry, std::uint64_t deadline) noexcept {
    entry.deadline = deadline;
    if (deadline < entry.looked_at) place(entry);
  }
  void remove(wheel_entry& entry) noexcept;

  /// Takes every entry whose deadline has come off the wheel and gives it to `expire`, which may set and
  /// remove entries, this one included.
  template <class Expire>
  void advance(std::uint64_t now, Expire&& expire) {
    // A machine that slept may have missed many rounds; one round finds everything.
    if (now / tick_ > at_ + slots) at_ = now / tick_ - slots;
    while (at_ < now / tick_) {
      ++at_;
      wheel_entry* due =
          std::exchange(heads_[at_ % slots], nullptr);  // cut off, so that they can be put back
      if (due != nullptr) due->link = &due;
      while (due != nullptr) {
        wheel_entry& entry = *due;
        unlink(entry);
        if (entry.deadline <= now) expire(entry);
        else if (entry.deadline != wheel_entry::never) place(entry);
      }
    }
  }

  std::uint64_t tick() const noexcept { return tick_; }

 private:
  static constexpr std::size_t slots = 512;

  void place(wheel_entry& entry) noexcept;
  static void unlink(wheel_entry& entry) noexcept;

  std::uint64_t tick_;
  std::uint64_t at_;  // the last tick that was looked at
  std::array<wheel_entry*, slots> heads_{};
};

}  // namespace cluster::http
