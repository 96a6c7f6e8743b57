// SPDX-License-Identifier: BSL-1.0
#include "os/time_slice.hpp"

#include "integration/os/launching.hpp"
#include "support/process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdint>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

bool can_wish() { return slice_of(0) != 0 && ::prctl(PR_GET_SECCOMP) <= 0; }

/// A child that waits for the end of its input, which comes with `end`.
struct waiting_child {
  explicit waiting_child(bool yielding) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const unique_fd from(ends[0]);
    to.reset(ends[1]);
    launch_plan plan = shell_plan("read line");
    plan.descriptors.push_back({from.get(), 0});
    plan.yielding = yielding;
    process = start(plan);
  }
  void end() {
    to.reset();
    wait_end(process);
  }
  unique_fd to;
  launched_process process;
};

}  // namespace

TEST_CASE("a yielding child has long slices until they are ended; whoever starts it has its own") {
  if (!can_wish())
    return skipped("this kernel knows no slices of a thread's own, or a filter may forbid them");
  const std::uint64_t own = slice_of(0);
  waiting_child child(true);
  const pid_t pid = child.process.pid;
  CHECK(slice_of(0) == own);
  CHECK(slice_of(pid) == 10'000'000);
  end_long_slices(pid);
  CHECK(slice_of(pid) == own);
  child.end();
  end_long_slices(pid);  // there is nobody any more
}

TEST_CASE("what has its own slices, or a policy of its own, keeps them") {
  if (!can_wish())
    return skipped("this kernel knows no slices of a thread's own, or a filter may forbid them");
  waiting_child plain(false);
  const std::uint64_t own = slice_of(0);
  CHECK(slice_of(plain.process.pid) == own);
  const sched_param none{};
  waiting_child batch(true);
  REQUIRE(::sched_setscheduler(batch.process.pid, SCHED_BATCH, &none) == 0);
  end_long_slices(batch.process.pid);
  CHECK(::sched_getscheduler(batch.process.pid) == SCHED_BATCH);
  plain.end();
  batch.end();
}
