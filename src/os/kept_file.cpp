// SPDX-License-Identifier: BSL-1.0
#include "os/kept_file.hpp"

#include <fcntl.h>

namespace cluster::os {
namespace {

bool equal(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

failure kept_file::open(const std::string& path) {
  unique_fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat now {};
  if (!fd || ::fstat(fd.get(), &now) != 0) return failed_at("executable", path, last_error());
  fd_ = std::move(fd);
  then_ = now;
  return {};
}

bool kept_file::unchanged() const noexcept {
  struct stat now {};
  return fd_ && ::fstat(fd_.get(), &now) == 0 && equal(now, then_);
}

bool kept_file::same_file(const kept_file& other) const noexcept {
  return fd_ && other.fd_ && equal(then_, other.then_);
}

}  // namespace cluster::os
