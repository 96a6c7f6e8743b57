// SPDX-License-Identifier: BSL-1.0
#include "os/load_board.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

load_board::load_board(load_board&& other) noexcept
    : fd_(std::move(other.fd_)), entries_(std::exchange(other.entries_, nullptr)) {}

load_board& load_board::operator=(load_board&& other) noexcept {
  if (this == &other) return *this;
  unmap();
  fd_ = std::move(other.fd_);
  entries_ = std::exchange(other.entries_, nullptr);
  return *this;
}

load_board::~load_board() { unmap(); }

void load_board::unmap() noexcept {
  if (entries_ != nullptr) ::munmap(entries_, board_size);
  entries_ = nullptr;
}

failure load_board::map() {
  void* memory = ::mmap(nullptr, board_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
  if (memory == MAP_FAILED) return {last_error(), "load board: " + last_error().message()};
  entries_ = static_cast<entry*>(memory);
  return {};
}

failure load_board::create() {
  static_assert(sizeof(entry) == 16);
  fd_.reset(::memfd_create("cluster-load", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd_ || ::ftruncate(fd_.get(), static_cast<off_t>(board_size)) != 0 ||
      ::fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return {last_error(), "load board: " + last_error().message()};
  return map();
}

failure load_board::attach(unique_fd fd) {
  struct stat info {};
  // Without the seals, whoever holds it could shrink it under us, and reading would be a SIGBUS.
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  if (::fstat(fd.get(), &info) != 0 || info.st_size != static_cast<off_t>(board_size) || seals < 0 ||
      (seals & F_SEAL_SHRINK) == 0)
    return {make_error_code(error::protocol_error), "load board: not a sealed page of the right size"};
  fd_ = std::move(fd);
  return map();
}

void load_board::publish(std::size_t slot, std::uint32_t connections) noexcept {
  if (entries_ != nullptr && slot < slots)
    entries_[slot].load.store(connections + 1, std::memory_order_relaxed);
}

void load_board::withdraw(std::size_t slot) noexcept {
  if (entries_ != nullptr && slot < slots) entries_[slot].load.store(0, std::memory_order_relaxed);
}

bool load_board::above_share(std::size_t slot) const noexcept {
  if (entries_ == nullptr || slot >= slots) return false;
  const std::uint32_t own_entry = entries_[slot].load.load(std::memory_order_relaxed);
  if (own_entry <= 1) return false;
  std::uint64_t total = 0;
  std::uint64_t workers = 0;
  // Slots are used from 0 up, so a run of empty ones ends the search early.
  for (std::size_t i = 0, empty = 0; i < slots && empty < 16; ++i) {
    const std::uint32_t load = entries_[i].load.load(std::memory_order_relaxed);
    empty = load == 0 ? empty + 1 : 0;
    if (load == 0) continue;
    total += load - 1;
    ++workers;
  }
  return std::uint64_t{own_entry - 1} * workers > total + workers;
}

}  // namespace cluster::os
