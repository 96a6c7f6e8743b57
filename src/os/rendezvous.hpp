// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"
#include "os/unique_fd.hpp"

#include <sys/stat.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace cluster::os {

/// Longest path of a rendezvous: its temporary name has to fit a socket address too.
inline constexpr std::size_t longest_rendezvous = 90;

/// Who has come to a rendezvous, as the kernel says.
struct caller {
  unique_fd socket;
  unique_fd pidfd;  ///< of the process that connected; it stays that one
  pid_t pid = -1;
  uid_t user = 0;
};

/// A seqpacket socket at a path, where workers find a supervisor when theirs is gone. Made under another
/// name and renamed into place, so that whoever finds it can connect; removed with the object, if it is
/// still the one that was made here. Mode 0600 less what the identity of the workers needs.
class rendezvous {
 public:
  rendezvous() = default;
  rendezvous(rendezvous&& other) noexcept;
  rendezvous& operator=(rendezvous&& other) noexcept;
  ~rendezvous() { close(); }

  /// `user`: who else may connect, -1: nobody.
  failure open(const std::string& path, uid_t user);
  void close() noexcept;
  int fd() const noexcept { return fd_.get(); }

  /// The next caller without waiting: would_block if there is none. One that has gone again already, or
  /// whose process cannot be held, is passed over.
  error_code accept(caller& out);

 private:
  unique_fd fd_;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// Connects to a rendezvous without waiting.
error_code call_home(const std::string& path, unique_fd& out);

/// A descriptor of the process that has this pid now; empty if there is none.
unique_fd hold_process(pid_t pid);

/// When a process began, in ticks since the machine was started: together with its pid it names a process
/// for good. Nothing if there is none, or only its remains.
std::optional<std::uint64_t> start_of_process(pid_t pid);

/// How long ago that was.
std::chrono::milliseconds age_of_process(std::uint64_t start);

/// Whether a process is stopped by a signal: it does nothing until somebody lets it go on.
bool is_stopped(pid_t pid);

}  // namespace cluster::os
