// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"
#include "os/unique_fd.hpp"

#include <sys/stat.h>

#include <string>

namespace cluster::os {

/// A file kept by descriptor, so that it can still be run after another one was renamed into its place;
/// with its identity, so that a change in place is noticed.
class kept_file {
 public:
  kept_file() = default;

  failure open(const std::string& path);

  int fd() const noexcept { return fd_.get(); }
  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
  /// The file behind the descriptor is what it was when it was opened.
  bool unchanged() const noexcept;
  bool same_file(const kept_file& other) const noexcept;

 private:
  unique_fd fd_;
  struct stat then_ {};
};

}  // namespace cluster::os
