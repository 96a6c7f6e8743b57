// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"
#include "os/unique_fd.hpp"

#include <string>

namespace cluster::os {

/// A file with this process's pid, locked while the object lives and removed with it. A stale one (no
/// lock on it) is taken over.
class pid_file {
 public:
  pid_file() = default;
  pid_file(pid_file&&) noexcept = default;
  pid_file& operator=(pid_file&&) = delete;
  ~pid_file();

  /// owned_elsewhere if another process holds the lock; the detail names its pid.
  failure acquire(const std::string& path);

 private:
  std::string path_;
  unique_fd fd_;
};

}  // namespace cluster::os
