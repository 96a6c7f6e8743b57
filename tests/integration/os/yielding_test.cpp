// SPDX-License-Identifier: BSL-1.0
#include "os/yielding.hpp"

#include "integration/os/launching.hpp"
#include "support/process.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

bool can_wish() { return slice_of(0) != 0 && ::prctl(PR_GET_SECCOMP) <= 0; }

void yield(launch_plan& plan) { plan.yielding = true; }

}  // namespace

TEST_CASE("a yielding child has long slices until they are ended; whoever starts it has its own") {
  if (!can_wish())
    return skipped("this kernel knows no slices of a thread's own, or a filter may forbid them");
  const std::uint64_t own = slice_of(0);
  waiting_child child("read line", yield);
  const pid_t pid = child.process.pid;
  CHECK(slice_of(0) == own);
  CHECK(slice_of(pid) == 10'000'000);
  end_yielding(pid, {});
  CHECK(slice_of(pid) == own);
  child.end();
  end_yielding(pid, {});  // there is nobody any more
}

TEST_CASE("what has its own slices, or a policy of its own, keeps them") {
  if (!can_wish())
    return skipped("this kernel knows no slices of a thread's own, or a filter may forbid them");
  waiting_child plain;
  const std::uint64_t own = slice_of(0);
  CHECK(slice_of(plain.process.pid) == own);
  const sched_param none{};
  waiting_child batch("read line", yield);
  REQUIRE(::sched_setscheduler(batch.process.pid, SCHED_BATCH, &none) == 0);
  end_yielding(batch.process.pid, {});
  CHECK(::sched_getscheduler(batch.process.pid) == SCHED_BATCH);
  plain.end();
  batch.end();
}

TEST_CASE("a child of lower priority gets the usual one back, and all that it has started") {
  if (!can_restore_priority({}, false)) return skipped("priorities cannot be given back here (CAP_SYS_NICE)");
  const int own = nice_of(0);
  const pipe_ends pipe;
  waiting_child child("exec 3<&0; (read line <&3) & echo $!; wait", [&](launch_plan& plan) {
    plan.lower_priority = true;
    plan.descriptors.push_back({pipe.to.get(), STDOUT_FILENO});
  });
  const pid_t pid = child.process.pid;
  char digits[32]{};
  REQUIRE(::read(pipe.from.get(), digits, sizeof digits - 1) > 0);
  const pid_t grandchild = std::atoi(digits);
  CHECK(nice_of(0) == own);
  REQUIRE(child.process.priority.has_value());
  CHECK(child.process.priority->usual == own);
  CHECK(child.process.priority->lower == std::min(own + 10, 19));
  CHECK(nice_of(pid) == child.process.priority->lower);
  CHECK(nice_of(grandchild) == child.process.priority->lower);
  end_yielding(pid, child.process.priority);
  CHECK(nice_of(pid) == own);
  CHECK(nice_of(grandchild) == own);
  child.end();
}

TEST_CASE("lower is meant beside the nice value that was asked for; one that it was given since stays") {
  if (!can_restore_priority({}, false)) return skipped("priorities cannot be given back here (CAP_SYS_NICE)");
  waiting_child child("read line", [](launch_plan& plan) {
    plan.nice = 7;
    plan.lower_priority = true;
  });
  const pid_t pid = child.process.pid;
  CHECK(nice_of(pid) == 17);
  REQUIRE(::setpriority(PRIO_PROCESS, static_cast<id_t>(pid), 12) == 0);
  end_yielding(pid, child.process.priority);
  CHECK(nice_of(pid) == 12);
  REQUIRE(::setpriority(PRIO_PROCESS, static_cast<id_t>(pid), 17) == 0);
  end_yielding(pid, child.process.priority);
  CHECK(nice_of(pid) == 7);
  child.end();
}

TEST_CASE("whether a priority can be given back is found out at no cost for who asks") {
  const int own = nice_of(0);
  static_cast<void>(can_restore_priority({}, false));
  static_cast<void>(can_restore_priority(7, true));
  CHECK(nice_of(0) == own);
}
