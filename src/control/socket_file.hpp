// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/error.hpp>

#include <cstdint>
#include <string>

namespace cluster::control {

/// A listening Unix socket at a path that only its owner may use (mode 0600). It takes the place of a
/// stale file by rename, so the path never leads nowhere in between; a live one is left alone. The file is
/// removed with the object if it is still the one made here.
class socket_file {
 public:
  socket_file() = default;
  socket_file(const socket_file&) = delete;
  socket_file& operator=(const socket_file&) = delete;
  ~socket_file() { remove(); }

  /// owned_elsewhere if somebody listens there. `detail` is one line with the path and the reason.
  error_code open(const std::string& path, std::string& detail);
  void remove() noexcept;

  /// The listening socket, non-blocking; the caller's from now on.
  int release() noexcept;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  int fd_ = -1;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
};

/// Makes the folder (0700) that the default path lies in, or checks that it is ours alone.
error_code make_private_folder(const std::string& path, std::string& detail);

/// User and process at the other end of a Unix socket; false if it cannot be told.
bool peer_of(int socket, unsigned& uid, int& pid);

/// May that user give orders to this process?
bool trusted(unsigned uid);

}  // namespace cluster::control
