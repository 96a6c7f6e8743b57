// SPDX-License-Identifier: BSL-1.0
#include "integration/os/launching.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

std::string status_line(const std::string& status, const std::string& name) {
  std::istringstream lines(status);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + ":")) return line.substr(name.size() + 1);
  return "(none)";
}

}  // namespace

TEST_CASE("a child takes on another identity and the host keeps its own, in all its threads") {
  if (::geteuid() != 0) return skipped("another identity needs root");
  std::atomic<bool> stop = false;
  std::thread bystander([&] {
    while (!stop) std::this_thread::yield();
  });
  launch_plan plan = plan_for("/bin/cat", {"/proc/self/status"});
  plan.run_as = identity{4321, 8765, {8765, 11, 12}};
  const outcome result = run(plan);
  CHECK(result.status == exited_with(0));
  CHECK(status_line(result.output, "Uid") == "\t4321\t4321\t4321\t4321");
  CHECK(status_line(result.output, "Gid") == "\t8765\t8765\t8765\t8765");
  CHECK(status_line(result.output, "Groups") == "\t11 12 8765 ");
  CHECK(status_line(result.output, "CapEff") == "\t0000000000000000");
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    const std::string status = read_file_text(task.path().string() + "/status");
    CHECK(status_line(status, "Uid") == "\t0\t0\t0\t0");
    CHECK(status_line(status, "Gid") == "\t0\t0\t0\t0");
  }
  stop = true;
  bystander.join();
}

TEST_CASE("no supplementary groups are none") {
  if (::geteuid() != 0) return skipped("another identity needs root");
  launch_plan plan = plan_for("/bin/cat", {"/proc/self/status"});
  plan.run_as = identity{4321, 8765, {}};
  CHECK(status_line(run(plan).output, "Groups").find_first_of("0123456789") == std::string::npos);
}

TEST_CASE("the limit of open files is raised before privileges are gone") {
  if (::geteuid() != 0) return skipped("another identity needs root");
  launch_plan plan = shell_plan("echo soft=$(ulimit -Sn); echo hard=$(ulimit -Hn)");
  plan.run_as = identity{4321, 8765, {}};
  const open_files_guard narrow(200);
  const outcome result = run(plan);
  CHECK(result.value("soft") == result.value("hard"));
}
