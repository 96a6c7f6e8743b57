// SPDX-License-Identifier: BSL-1.0
#include "os/load_board.hpp"

#include <atomic>
#include <utility>

namespace cluster::os {

// Zero: takes no connections; else their number plus one. A quarter of a cache line each is enough room
// for neighbours not to disturb each other much, at a rate of one store a connection.
struct load_board::entry {
  alignas(16) std::atomic<std::uint32_t> load;
};

namespace {

constexpr std::size_t board_size = load_board::slots * 16;
static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "shared between processes");

}  // namespace

load_board::entry* load_board::entries() const noexcept { return static_cast<entry*>(page_.data()); }

failure load_board::create() {
  static_assert(sizeof(entry) == 16);
  return page_.create("cluster-load", board_size, sealed_page::access::read_write);
}

failure load_board::attach(unique_fd fd) {
  return page_.attach(std::move(fd), board_size, sealed_page::access::read_write);
}

void load_board::publish(std::size_t slot, std::uint32_t connections) noexcept {
  if (page_.data() != nullptr && slot < slots)
    entries()[slot].load.store(connections + 1, std::memory_order_relaxed);
}

void load_board::withdraw(std::size_t slot) noexcept {
  if (page_.data() != nullptr && slot < slots) entries()[slot].load.store(0, std::memory_order_relaxed);
}

std::size_t load_board::load(std::size_t slot) const noexcept {
  if (page_.data() == nullptr || slot >= slots) return 0;
  const std::uint32_t found = entries()[slot].load.load(std::memory_order_relaxed);
  return found == 0 ? 0 : found - 1;
}

// Slots are used from 0 up, so a run of empty ones ends the walk early.
template <class F>
void load_board::for_each_taking(F&& f) const {
  for (std::size_t i = 0, empty = 0; page_.data() != nullptr && i < slots && empty < 16; ++i) {
    const std::uint32_t found = entries()[i].load.load(std::memory_order_relaxed);
    empty = found == 0 ? empty + 1 : 0;
    if (found != 0) f(i, found - 1);
  }
}

std::uint64_t load_board::total() const noexcept {
  std::uint64_t sum = 0;
  for_each_taking([&](std::size_t, std::uint32_t connections) { sum += connections; });
  return sum;
}

bool load_board::others_than(std::size_t slot) const noexcept {
  bool others = false;
  for_each_taking([&](std::size_t each, std::uint32_t) { others = others || each != slot; });
  return others;
}

bool load_board::above_share(std::size_t slot) const noexcept {
  const std::uint64_t own = load(slot);
  if (own == 0) return false;
  std::uint64_t total = 0;
  std::uint64_t workers = 0;
  for_each_taking([&](std::size_t, std::uint32_t connections) {
    total += connections;
    ++workers;
  });
  return own * workers > total + workers;
}

}  // namespace cluster::os
