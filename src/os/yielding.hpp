// SPDX-License-Identifier: BSL-1.0
// A child that starts lets those that serve go first.
#pragma once

#include <sys/types.h>

#include <optional>

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

/// A priority taken for a while, as nice values.
struct lowered_priority {
  int usual;
  int lower;
};

/// Whether a child's priority can be given back after it was lowered, to `usual` or else our own. The kernel
/// allows that with CAP_SYS_NICE, and with RLIMIT_NICE for children of our own user (getrlimit(2)). It is
/// tried out in a thread of its own. Never under a seccomp filter.
bool can_restore_priority(std::optional<int> usual, bool of_another_user) noexcept;

/// What a child gets instead of the usual nice value: a tenth of its share beside those that have theirs.
lowered_priority lower_priority(std::optional<int> usual) noexcept;

/// Ends what was done to a child, the leader of its process group, for the time of its start: its first
/// thread gets the kernel's usual slices, and the whole group the usual priority. What has been given
/// others meanwhile keeps them. The caller has to hold the pid: a child that it has not waited for.
void end_yielding(pid_t leader, const std::optional<lowered_priority>& priority) noexcept;

/// Lets others that wait for this processor go first: where there is more to do than one wants to wait for.
void give_way() noexcept;

}  // namespace cluster::os
