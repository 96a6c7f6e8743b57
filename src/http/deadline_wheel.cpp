// SPDX-License-Identifier: BSL-1.0
#include "http/deadline_wheel.hpp"

#include <algorithm>

namespace cluster::http {

deadline_wheel::deadline_wheel(std::uint64_t tick, std::uint64_t now) noexcept
    : tick_(tick), at_(now / tick) {}

void deadline_wheel::unlink(wheel_entry& entry) noexcept {
  *entry.link = entry.next;
  if (entry.next != nullptr) entry.next->link = entry.link;
  entry.next = nullptr;
  entry.link = nullptr;
  entry.looked_at = wheel_entry::never;
}

void deadline_wheel::remove(wheel_entry& entry) noexcept {
  if (entry.link != nullptr) unlink(entry);
  entry.deadline = wheel_entry::never;
}

void deadline_wheel::place(wheel_entry& entry) noexcept {
  if (entry.link != nullptr) unlink(entry);
  // The tick at which the deadline has surely passed; farther away than a round is looked at earlier.
  const std::uint64_t wanted = entry.deadline / tick_ + 1;
  const std::uint64_t when = std::clamp(wanted, at_ + 1, at_ + slots - 1);
  entry.looked_at = when * tick_;
  wheel_entry*& head = heads_[when % slots];
  entry.next = head;
  entry.link = &head;
  if (head != nullptr) head->link = &entry.next;
  head = &entry;
}

}  // namespace cluster::http
