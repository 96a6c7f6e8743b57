// SPDX-License-Identifier: BSL-1.0
#include "os/yielding.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <system_error>
#include <thread>

namespace cluster::os {
namespace {

// Several times what the kernel gives (0.7 ms to 2.8, by the number of processors), and no more: a thread
// that keeps it by accident is not to wait long for its turn on a busy machine.
constexpr std::uint64_t long_slice = 10'000'000;

// struct sched_attr in its first version, by the system's headers only since glibc 2.41.
struct attributes {
  std::uint32_t size = sizeof(attributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;  // of normal threads: the slice in nanoseconds; 0 before Linux 6.12
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};
static_assert(sizeof(attributes) == 48);

// A service under "SystemCallFilter=~@resources" is killed for changing slices and priorities.
bool filtered() { return ::prctl(PR_GET_SECCOMP) > 0; }

// Only what may be written back.
bool read_changeable(pid_t pid, attributes& out) {
  if (filtered()) return false;
  if (::syscall(SYS_sched_getattr, pid, &out, sizeof out, 0) != 0) return false;
  return out.policy == SCHED_OTHER && out.runtime != 0;
}

bool write(pid_t pid, const attributes& what) { return ::syscall(SYS_sched_setattr, pid, &what, 0) == 0; }

}  // namespace

long_slices::long_slices() noexcept {
  attributes own;
  if (!read_changeable(0, own) || own.runtime >= long_slice) return;
  const std::uint64_t before = own.runtime;
  own.runtime = long_slice;
  if (write(0, own)) before_ = before;
}

long_slices::~long_slices() {
  attributes own;
  if (before_ == 0 || !read_changeable(0, own)) return;
  own.runtime = before_;
  write(0, own);
}

bool can_restore_priority(std::optional<int> usual, bool of_another_user) noexcept {
  if (filtered()) return false;
  const int own = ::getpriority(PRIO_PROCESS, 0);
  const int back = usual.value_or(own);
  rlimit limit{};
  const bool by_limit =
      ::getrlimit(RLIMIT_NICE, &limit) == 0 && static_cast<rlim_t>(20 - back) <= limit.rlim_cur;
  // Whether there is the capability as well, the only thing that helps with others' processes, does not show.
  if (of_another_user && by_limit) return false;
  bool can = false;
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of the host's is to run on it
  try {
    // Only trying tells, for a capability in a user namespace is none here; a thread may stay low.
    std::thread([&] {
      const int lower = std::max(own, back) + 1;
      can = ::setpriority(PRIO_PROCESS, 0, lower) == 0 && ::setpriority(PRIO_PROCESS, 0, back) == 0;
    }).join();
  } catch (const std::system_error&) {
    can = false;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return can;
}

lowered_priority lower_priority(std::optional<int> usual) noexcept {
  constexpr int lowest = 19;
  const int before = usual ? *usual : ::getpriority(PRIO_PROCESS, 0);
  return {before, std::min(before + 10, lowest)};
}

void end_yielding(pid_t leader, const std::optional<lowered_priority>& priority) noexcept {
  if (priority && ::getpriority(PRIO_PROCESS, static_cast<id_t>(leader)) == priority->lower &&
      ::setpriority(PRIO_PGRP, static_cast<id_t>(leader), priority->usual) != 0)
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(leader), priority->usual);  // it has left its group
  attributes theirs;
  if (!read_changeable(leader, theirs) || theirs.runtime != long_slice) return;
  theirs.runtime = 0;  // what the kernel gives by itself
  write(leader, theirs);
}

void give_way() noexcept { ::sched_yield(); }

}  // namespace cluster::os
