// SPDX-License-Identifier: BSL-1.0
// A supervisor that inherits other people's children, as process 1 of a container does.
#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"
#include "support/role.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

// Becomes the program that its arguments name, as one to whom orphans come.
int inherit(int argc, char** argv) {
  if (argc < 2 || ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return 99;
  ::execv(argv[1], argv + 1);
  return 98;
}
const role as_heir{"inherit", inherit};

/// The children of a process, ended ones included.
std::size_t children_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  std::size_t count = 0;
  for (int child = 0; file >> child;) ++count;
  return count;
}

bool becomes(std::size_t wanted, int pid) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (children_of(pid) != wanted && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(5ms);
  return children_of(pid) == wanted;
}

}  // namespace

TEST_CASE("inherited processes are reaped, and never taken for workers", "[service]") {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  program cluster({self,
                   {"--role", "inherit", CLUSTER_TEST_BINARY_DIR "/examples/90_workbench", "--listen",
                    "127.0.0.1:0", "--workers", "2"},
                   {},
                   {}});
  cluster.wait_ready(2);
  REQUIRE(becomes(2, cluster.pid()));
  // Workers start processes that outlive their parents: those come to the supervisor and end there.
  for (int i = 0; i < 3; ++i) CHECK(get(cluster.port(), "/orphan/50").status == 200);
  CHECK(becomes(2, cluster.pid()));
  ::kill(cluster.ready_workers().front().pid, SIGKILL);
  CHECK(cluster.wait_for("ended, ").find("signal 9 (SIGKILL)") !=
        std::string::npos);  // its status is not taken away
  cluster.wait_ready(3);
  CHECK(becomes(2, cluster.pid()));
  CHECK(cluster.count("ended, ") == 1);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}
