// SPDX-License-Identifier: BSL-1.0
#include "http/deadline_wheel.hpp"

#include <algorithm>

namespace cluster::http {

deadline_wheel::deadline_wheel(std::uint64_t tick, std::uint64_t now) noexcept
    : tick_(tick), at_(now / tick) {
  for (wheel_entry& head : heads_) head.next = head.previous = &head;
}

void deadline_wheel::unlink(wheel_entry& entry) noexcept {
  entry.next->previous = entry.previous;
  entry.previous->next = entry.next;
  entry.next = entry.previous = nullptr;
  entry.looked_at = wheel_entry::never;
}

void deadline_wheel::remove(wheel_entry& entry) noexcept {
  if (entry.next != nullptr) unlink(entry);
  entry.deadline = wheel_entry::never;
}

void deadline_wheel::place(wheel_entry& entry) noexcept {
  if (entry.next != nullptr) unlink(entry);
  // The tick at which the deadline has surely passed; farther away than a round is looked at earlier.
  const std::uint64_t wanted = entry.deadline / tick_ + 1;
  const std::uint64_t when = std::clamp(wanted, at_ + 1, at_ + slots - 1);
  entry.looked_at = when * tick_;
  wheel_entry& head = heads_[when % slots];
  entry.previous = head.previous;
  entry.next = &head;
  head.previous->next = &entry;
  head.previous = &entry;
}

void deadline_wheel::take_slot(std::size_t slot, wheel_entry& into) noexcept {
  wheel_entry& head = heads_[slot];
  into.next = into.previous = &into;
  if (head.next == &head) return;
  into.next = head.next;
  into.previous = head.previous;
  into.next->previous = into.previous->next = &into;
  head.next = head.previous = &head;
}

}  // namespace cluster::http
