// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"
#include "os/unique_fd.hpp"

#include <cstddef>
#include <cstdint>

namespace cluster::os {

/// Memory without a file that processes share by its descriptor. Its size is sealed for ever: whoever shrank
/// it would make the others' next look at it a SIGBUS.
class sealed_page {
 public:
  enum class access : std::uint8_t { read, read_write };

  sealed_page() = default;
  sealed_page(sealed_page&& other) noexcept;
  sealed_page& operator=(sealed_page&& other) noexcept;
  ~sealed_page();

  /// A new one of `size` bytes, all zero; `name` is what /proc shows. Source: memfd_create(2), fcntl(2).
  failure create(const char* name, std::size_t size, access how);
  /// One that somebody else made; takes the descriptor. error::protocol_error if it has another size or no
  /// seal.
  failure attach(unique_fd fd, std::size_t size, access how);

  int fd() const noexcept { return fd_.get(); }
  /// Page-aligned; null without a page.
  void* data() const noexcept { return memory_; }
  std::size_t size() const noexcept { return memory_ == nullptr ? 0 : size_; }

 private:
  failure map(unique_fd fd, std::size_t size, access how);
  void unmap() noexcept;

  unique_fd fd_;
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace cluster::os
