// SPDX-License-Identifier: BSL-1.0
// The supervisor's own program is replaced while its workers serve.
#include "succession.hpp"
#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/strict_load.hpp"

#include <fstream>
#include <random>

using namespace cluster::test;
using namespace std::chrono_literals;
using manner = strict_load::manner;

namespace {

std::string runs(int pid) {
  std::error_code ec;
  return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", ec).string();
}

}  // namespace

TEST_CASE("upgrades in place: same pid, same workers, nothing lost", "[upgrade]") {
  succession cluster({"--workers", "3"});
  program& self = cluster.first();
  self.wait_ready(3);
  const std::set<int> before = cluster.workers();
  const std::uint64_t seed = std::random_device{}();
  strict_load clients(self.port(), seed,
                      {{manner::busy, 2},
                       {manner::paced, 3},
                       {manner::single, 2},
                       {manner::holder, 6},
                       {manner::pipelined, 2},
                       {manner::posting, 1}});
  const char* wanted = std::getenv("CLUSTER_TEST_UPGRADES");  // more of them in a soak
  const int rounds = wanted != nullptr ? std::atoi(wanted) : 5;
  for (int round = 0; round < rounds; ++round) {
    clients.wait_for_more(30);
    cluster.deploy(CLUSTER_TEST_BINARY_DIR "/examples/90_workbench");
    CHECK(runs(self.pid()).ends_with(" (deleted)"));
    self.signal(SIGUSR2);
    self.wait_for("took over 3 of 3 workers");
    self.wait_for("listening on ");
    CHECK(runs(self.pid()) == cluster.folder("app"));
  }
  clients.wait_for_more(30);
  CHECK(cluster.workers() == before);
  self.signal(SIGHUP);  // held back or not, signals are heard again
  self.wait_for("reload completed: 3 of 3 slots");
  const strict_load::result seen = clients.finish();
  WARN(rounds << " upgrades, seed " << seed << ": " << seen.words());
  INFO(self.output());
  CHECK(seen.lost() == 0);
  CHECK(seen.announced == 0);
  CHECK(self.count("ended, replaced: exit code 0") == 3);  // still its children: their ends are known
  self.signal(SIGTERM);
  CHECK(self.wait_exit().code == 0);
  CHECK(cluster.workers().empty());
}

TEST_CASE("a new program that fails its check, or cannot run, leaves the old supervisor in charge",
          "[upgrade]") {
  const std::string text =
      GENERATE(as<std::string>{}, "#!/bin/sh\necho broken >&2\nexit 7\n", "no program\n");
  succession cluster({"--workers", "2"});
  program& self = cluster.first();
  self.wait_ready(2);
  const std::set<int> before = cluster.workers();
  cluster.deploy_script(text);
  self.signal(SIGUSR2);
  const std::string line = self.wait_for("no upgrade: ");
  INFO(line);
  CHECK(line.find("this supervisor goes on") != std::string::npos);
  CHECK((line.find("exit code 7") != std::string::npos || line.find("exec ") != std::string::npos));
  CHECK(get(self.port(), "/").status == 200);
  cluster.deploy(CLUSTER_TEST_BINARY_DIR "/examples/90_workbench");
  self.signal(SIGUSR2);
  self.wait_for("took over 2 of 2 workers");
  std::set<int> after = cluster.workers();
  CHECK(after == before);
}

TEST_CASE("an upgrade over the control interface: the answer comes first, then the next supervisor",
          "[upgrade]") {
  const scratch_folder place;
  const std::string control = place / "control";
  succession cluster({"--workers", "2", "--control", control});
  program& self = cluster.first();
  self.wait_ready(2);
  const std::set<int> before = cluster.workers();
  const std::string question = "POST /v1/upgrade HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n";
  connection asking(control);
  REQUIRE(asking.send(question));
  const answer fine = asking.receive();
  CHECK(fine.status == 202);
  CHECK(fine.body == "{\"pid\":" + std::to_string(self.pid()) + "}\n");
  self.wait_for("took over 2 of 2 workers");
  self.wait_for("control interface at ");
  cluster.deploy_script("#!/bin/sh\necho 'the licence has run out' >&2\nexit 7\n");
  connection again(control);
  REQUIRE(again.send(question));
  const answer refused = again.receive();
  CHECK(refused.status == 409);
  CHECK(refused.body.find("exit code 7: the licence has run out; the supervisor goes on") !=
        std::string::npos);
  CHECK(get(self.port(), "/").status == 200);
  CHECK(cluster.workers() == before);
}

TEST_CASE("without a rendezvous there is no upgrade, and it is said", "[upgrade]") {
  program alone({CLUSTER_TEST_BINARY_DIR "/examples/90_workbench",
                 {"--listen", "127.0.0.1:0", "--workers", "1"},
                 {},
                 {}});
  alone.wait_ready(1);
  alone.signal(SIGUSR2);
  alone.wait_for("no upgrade: ");
  CHECK(get(alone.port(), "/").status == 200);
  alone.signal(SIGTERM);
  CHECK(alone.wait_exit().code == 0);
}
