// SPDX-License-Identifier: BSL-1.0
// The small process above the supervisor.
#include "succession.hpp"
#include "support/catch.hpp"
#include "support/strict_load.hpp"

using namespace cluster::test;
using namespace std::chrono_literals;
using manner = strict_load::manner;

namespace {

struct kept {
  explicit kept(std::vector<std::string> flags)
      : keeper({CLUSTER_TEST_BINARY_DIR "/examples/90_workbench",
                with(std::move(flags)),
                {"XDG_RUNTIME_DIR=" + runtime.path()},
                {}}) {}

  std::vector<std::string> with(std::vector<std::string> flags) const {
    flags.insert(flags.begin(), {"--keeper", "--listen", "127.0.0.1:0", "--pid-file", runtime / "pid"});
    return flags;
  }
  int supervisor() const {
    int pid = 0;
    std::ifstream(runtime / "pid") >> pid;
    return pid;
  }
  void kill_supervisor() {
    ::kill(supervisor(), SIGKILL);
    keeper.wait_for("the supervisor ended by signal 9; another one starts");
    keeper.wait_for("took over 2 of 2 workers");
  }
  std::set<int> workers() const {
    std::set<int> pids;
    for (const auto& each : keeper.ready_workers())
      if (process_exists(each.pid)) pids.insert(each.pid);
    return pids;
  }

  scratch_folder runtime;
  program keeper;
};

}  // namespace

TEST_CASE("a keeper starts the supervisor again, and clients notice nothing", "[keeper]") {
  kept it({"--workers", "2"});
  it.keeper.wait_ready(2);
  const std::set<int> before = it.workers();
  CHECK(it.supervisor() != it.keeper.pid());
  strict_load clients(it.keeper.port(), 3, {{manner::busy, 2}, {manner::paced, 2}, {manner::single, 2}});
  for (int round = 0; round < 3; ++round) {
    clients.wait_for_more(50);
    it.kill_supervisor();
  }
  clients.wait_for_more(50);
  CHECK(it.workers() == before);
  // Signals go through; a killed worker is found, collected and replaced.
  it.keeper.signal(SIGHUP);
  it.keeper.wait_for("reload completed: 2 of 2 slots");
  const strict_load::result seen = clients.finish();
  INFO(seen.words() << "\n" << it.keeper.output());
  CHECK(seen.lost() == 0);
  it.keeper.signal(SIGTERM);
  CHECK(it.keeper.wait_exit().code == 0);
  CHECK(it.workers().empty());
  CHECK(std::filesystem::is_empty(it.runtime / "cluster"));
}

TEST_CASE("an end that is asked for while there is no supervisor is an end for all", "[keeper]") {
  kept it({"--workers", "2"});
  it.keeper.wait_ready(2);
  for (int round = 0; round < 4; ++round) it.kill_supervisor();
  ::kill(it.supervisor(), SIGKILL);
  it.keeper.wait_for("another one starts in 800 ms");
  it.keeper.signal(SIGTERM);
  CHECK(it.keeper.wait_exit().code == 0);
  CHECK(it.workers().empty());
}

TEST_CASE("the supervisor's own exit code is the keeper's", "[keeper]") {
  program never({CLUSTER_TEST_BINARY_DIR "/examples/90_workbench",
                 {"--keeper", "--listen", "192.0.2.1:1", "--workers", "1"},
                 {},
                 {}});
  CHECK(never.wait_exit().code == 3);
  program wrong({CLUSTER_TEST_BINARY_DIR "/examples/90_workbench",
                 {"--keeper", "--listen", "127.0.0.1:0", "--rendezvous", "off"},
                 {},
                 {}});
  CHECK(wrong.wait_exit().code == 2);
  CHECK(wrong.output().find("keeper: it needs a rendezvous") != std::string::npos);
}
