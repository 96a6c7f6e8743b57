// SPDX-License-Identifier: BSL-1.0
#include "integration/os/launching.hpp"

#include <signal.h>

#include <filesystem>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

TEST_CASE("an exit code is an exit code and a signal is a signal") {
  CHECK(wait_end(start(shell_plan("exit 0"))) == exited_with(0));
  CHECK(wait_end(start(shell_plan("exit 9"))) == exited_with(9));
  CHECK(wait_end(start(shell_plan("exit 255"))) == exited_with(255));
  CHECK(wait_end(start(shell_plan("exit 137"))) == exited_with(137));  // not 128 + SIGKILL
  CHECK(wait_end(start(shell_plan("kill -KILL $$"))) == ended_by(SIGKILL));
  CHECK(wait_end(start(shell_plan("kill -TERM $$"))) == ended_by(SIGTERM));
  CHECK(wait_end(start(shell_plan("kill -PIPE $$"))) == ended_by(SIGPIPE));
  CHECK(wait_end(start(role_plan("leave", {"42"}))) == exited_with(42));
}

TEST_CASE("the core flag says whether a core was written") {
  const std::string pattern = read_file_text("/proc/sys/kernel/core_pattern");
  if (pattern.starts_with("|")) return skipped("cores go to a program here, whatever the limit");
  CHECK(wait_end(start(shell_plan("ulimit -c 0; kill -QUIT $$"))) == ended_by(SIGQUIT, false));
  if (pattern.starts_with("/")) return skipped("cores go to a folder of the system's here");
  const scratch_folder folder;
  const exit_status status =
      wait_end(start(shell_plan("cd " + folder.path() + " && ulimit -c unlimited && kill -QUIT $$")));
  if (status == exited_with(2)) return skipped("the hard limit forbids cores here");
  CHECK(status == ended_by(SIGQUIT, true));
  CHECK_FALSE(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a running process has no status yet") {
  waiting_child child("read line; exit 3");
  exit_status status;
  CHECK_FALSE(collect_status(child.process.pidfd.get(), status));
  CHECK(child.end() == exited_with(3));
}

TEST_CASE("a status that was collected is gone: the second look says unknown") {
  const launched_process process = start(shell_plan("exit 5"));
  CHECK(wait_end(process) == exited_with(5));
  exit_status again = exited_with(99);
  CHECK(collect_status(process.pidfd.get(), again));
  CHECK(again == exit_status{});
  CHECK(no_children());
}
