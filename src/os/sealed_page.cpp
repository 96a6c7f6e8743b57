// SPDX-License-Identifier: BSL-1.0
#include "os/sealed_page.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace cluster::os {

sealed_page::sealed_page(sealed_page&& other) noexcept
    : fd_(std::move(other.fd_)), memory_(std::exchange(other.memory_, nullptr)), size_(other.size_) {}

sealed_page& sealed_page::operator=(sealed_page&& other) noexcept {
  if (this == &other) return *this;
  unmap();
  fd_ = std::move(other.fd_);
  memory_ = std::exchange(other.memory_, nullptr);
  size_ = other.size_;
  return *this;
}

sealed_page::~sealed_page() { unmap(); }

void sealed_page::unmap() noexcept {
  if (memory_ != nullptr) ::munmap(memory_, size_);
  memory_ = nullptr;
}

failure sealed_page::create(const char* name, std::size_t size, access how) {
  unique_fd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
      ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return {last_error(), std::string("shared page: ") + last_error().message()};
  return map(std::move(fd), size, how);
}

failure sealed_page::attach(unique_fd fd, std::size_t size, access how) {
  struct stat info {};
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  if (::fstat(fd.get(), &info) != 0 || info.st_size != static_cast<off_t>(size) || seals < 0 ||
      (seals & F_SEAL_SHRINK) == 0)
    return {make_error_code(error::protocol_error), "shared page: not a sealed one of the right size"};
  return map(std::move(fd), size, how);
}

failure sealed_page::map(unique_fd fd, std::size_t size, access how) {
  const int protection = how == access::read ? PROT_READ : PROT_READ | PROT_WRITE;
  void* memory = ::mmap(nullptr, size, protection, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return {last_error(), "shared page: " + last_error().message()};
  unmap();
  fd_ = std::move(fd);
  memory_ = memory;
  size_ = size;
  return {};
}

}  // namespace cluster::os
