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

launch_plan waiting(const unique_fd& input) {
  launch_plan plan = shell_plan("read line");
  plan.descriptors.push_back({input.get(), 0});
  return plan;
}

}  // namespace

TEST_CASE("a yielding child has long slices until they are ended; whoever starts it has its own") {
  if (!can_wish())
    return skipped("this kernel knows no slices of a thread's own, or a filter may forbid them");
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const unique_fd from(ends[0]);
  unique_fd to(ends[1]);
  const std::uint64_t own = slice_of(0);
  launch_plan plan = waiting(from);
  plan.yielding = true;
  const launched_process process = start(plan);
  CHECK(slice_of(0) == own);
  CHECK(slice_of(process.pid) == 10'000'000);
  end_long_slices(process.pid);
  CHECK(slice_of(process.pid) == own);
  to.reset();
  wait_end(process);
  end_long_slices(process.pid);  // there is nobody any more
}

TEST_CASE("what has its own slices, or a policy of its own, keeps them") {
  if (!can_wish())
    return skipped("this kernel knows no slices of a thread's own, or a filter may forbid them");
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const unique_fd from(ends[0]);
  unique_fd to(ends[1]);
  const launched_process plain = start(waiting(from));
  const std::uint64_t own = slice_of(0);
  CHECK(slice_of(plain.pid) == own);
  const sched_param none{};
  launch_plan plan = waiting(from);
  plan.yielding = true;
  const launched_process batch = start(plan);
  REQUIRE(::sched_setscheduler(batch.pid, SCHED_BATCH, &none) == 0);
  end_long_slices(batch.pid);
  CHECK(::sched_getscheduler(batch.pid) == SCHED_BATCH);
  to.reset();
  wait_end(plain);
  wait_end(batch);
}
