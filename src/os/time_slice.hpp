// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>

namespace cluster::os {

/// While it lives, the calling thread, and what it starts, asks the scheduler for long slices of processor
/// time (sched_setattr(2), for normal threads since Linux 6.12). Shares stay as they are, but whoever waits
/// with a usual slice goes first, and need not sit a slice out. Without effect where the kernel knows no such
/// wish, where the thread has a policy of its own, and under a seccomp filter, which may forbid the call at
/// the price of the process.
class long_slices {
 public:
  long_slices() noexcept;
  ~long_slices();
  long_slices(const long_slices&) = delete;
  long_slices& operator=(const long_slices&) = delete;

 private:
  unsigned long long before_ = 0;  // nanoseconds; 0: nothing was changed
};

/// Gives the first thread of a child that was started under `long_slices` the kernel's usual slices; one that
/// has others by now keeps them. The caller has to hold the pid: a child that it has not waited for.
void end_long_slices(pid_t pid) noexcept;

}  // namespace cluster::os
