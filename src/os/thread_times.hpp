// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>

namespace cluster::os {

/// What the kernel says of a thread.
struct thread_times {
  char state = '?';                    ///< as in /proc/PID/stat: R, S, D, T, t, Z
  std::chrono::nanoseconds ran{0};     ///< CPU time so far
  std::chrono::nanoseconds waited{0};  ///< time so far in which it was runnable and had no CPU
};

/// Of a thread of a process that the caller keeps from being reused; nothing if it cannot be read or is
/// not a thread of that process.
std::optional<thread_times> read_thread_times(pid_t process, pid_t thread);

/// How long this machine has been suspended since it was started.
std::chrono::nanoseconds time_suspended();

}  // namespace cluster::os
