// SPDX-License-Identifier: BSL-1.0
// What a child is allowed and where it runs.
#include "integration/os/launching.hpp"
#include "os/cpu_count.hpp"
#include "unit/os/surroundings.hpp"

#include <sys/resource.h>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

TEST_CASE("without wishes a child has what its parent has") {
  const outcome result = run(role_plan("inspect"));
  REQUIRE(result.status == exited_with(0));
  CHECK(result.value("nice") == std::to_string(::getpriority(PRIO_PROCESS, 0)));
  CHECK(result.value("privileges") == "0");
  CHECK(result.value("oom") ==
        read_file_text("/proc/self/oom_score_adj").substr(0, result.value("oom").size()));
}

TEST_CASE("a child gets the nice value, the score and the CPU of the plan") {
  const std::vector<int> cpus = allowed_cpus();
  REQUIRE_FALSE(cpus.empty());
  launch_plan plan = role_plan("inspect");
  plan.nice = 19;
  plan.oom_score = 700;
  plan.cpus = {cpus.back()};
  plan.no_new_privileges = true;
  const outcome result = run(plan);
  REQUIRE(result.status == exited_with(0));
  CHECK(result.value("nice") == "19");
  CHECK(result.value("oom") == "700");
  CHECK(result.value("cpus") == std::to_string(cpus.back()));
  CHECK(result.value("privileges") == "1");
  CHECK(allowed_cpus() == cpus);  // ours are as they were
  CHECK(::getpriority(PRIO_PROCESS, 0) != 19);
}

TEST_CASE("a CPU that there is not is an error of the launch") {
  launch_plan plan = role_plan("inspect");
  plan.cpus = {1023};
  launched_process process;
  const failure failed = launch(plan, process);
  CHECK(failed.code.value() == EINVAL);
  CHECK(failed.detail.starts_with("cpu affinity: "));
  CHECK(no_children());
}

TEST_CASE("a score out of range is an error of the launch") {
  launch_plan plan = role_plan("inspect");
  plan.oom_score = 5000;
  launched_process process;
  const failure failed = launch(plan, process);
  CHECK(failed.code.value() == EINVAL);
  CHECK(failed.detail.starts_with("oom score: "));
  CHECK(no_children());
}
