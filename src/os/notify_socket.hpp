// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"
#include "os/unique_fd.hpp"

#include <sys/types.h>

#include <string>

namespace cluster::os {

/// What somebody said at a notification socket, and who, as the kernel knows it.
struct notice {
  pid_t pid = 0;
  uid_t user = 0;
  std::string text;
};

/// The other end of what NOTIFY_SOCKET names: datagrams of programs that say how they are. Anybody may send;
/// whom to believe is the reader's affair.
class notify_socket {
 public:
  notify_socket() = default;
  ~notify_socket() { close(); }
  notify_socket(const notify_socket&) = delete;
  notify_socket& operator=(const notify_socket&) = delete;

  /// At this path, whose file is replaced and removed at the end; or, if it is empty, at an address without a
  /// file that the kernel chooses. `others`: users beside ours may send to the path.
  failure open(const std::string& path, bool others);
  void close() noexcept;

  int fd() const noexcept { return fd_.get(); }
  /// As the environment variable has it.
  const std::string& address() const noexcept { return address_; }

  /// would_block: nothing there. One that is too long, or whose sender the kernel does not tell, is an empty
  /// text. Descriptors that come along are closed, which is what their sender waits for.
  error_code receive(notice& out);

 private:
  unique_fd fd_;
  std::string address_;
};

}  // namespace cluster::os
