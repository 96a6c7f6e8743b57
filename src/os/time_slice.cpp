// SPDX-License-Identifier: BSL-1.0
#include "os/time_slice.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

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

// Only what may be written back: a service under "SystemCallFilter=~@resources" is killed for the writing.
bool read_changeable(pid_t pid, attributes& out) {
  if (::prctl(PR_GET_SECCOMP) > 0) return false;
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

void end_long_slices(pid_t pid) noexcept {
  attributes theirs;
  if (!read_changeable(pid, theirs) || theirs.runtime != long_slice) return;
  theirs.runtime = 0;  // what the kernel gives by itself
  write(pid, theirs);
}

}  // namespace cluster::os
