// SPDX-License-Identifier: BSL-1.0
// Under each schedule: what clients notice of reloads, scaling, deaths of workers and of the supervisor.
#include "../adoption/succession.hpp"
#include "../reload/workbench.hpp"
#include "support/process.hpp"

#include <algorithm>
#include <map>
#include <random>

using namespace cluster::test;
using manner = strict_load::manner;

namespace {

std::string any_schedule() { return GENERATE(as<std::string>{}, "shared", "round-robin", "reuse-port"); }

std::map<std::string, int> shares(std::uint16_t port, int connections) {
  std::map<std::string, int> seen;
  for (int i = 0; i < connections; ++i) ++seen[get(port, "/whoami").field("X-Worker")];
  return seen;
}

}  // namespace

TEST_CASE("rolling replacement and scaling lose nothing under any schedule", "[schedule]") {
  const std::string schedule = any_schedule();
  program cluster(workbench(built, {"--workers", "3", "--schedule", schedule}));
  cluster.wait_ready(3);
  const std::uint64_t seed = std::random_device{}();
  strict_load clients(cluster.port(), seed,
                      {{manner::busy, 2},
                       {manner::single, 4},
                       {manner::holder, 8},
                       {manner::pipelined, 2},
                       {manner::posting, 1},
                       {manner::slow, 2}});
  clients.wait_for_more(200);
  for (int round = 1; round <= 2; ++round) {
    cluster.signal(SIGHUP);
    cluster.wait_for("reload completed: 3 of 3 slots");
    clients.wait_for_more(100);
  }
  for (const int change : {SIGTTIN, SIGTTOU, SIGTTOU, SIGTTIN}) {
    cluster.signal(change);
    cluster.wait_for("scaled to ");
    clients.wait_for_more(100);
  }
  const strict_load::result seen = clients.finish();
  WARN(schedule << ", seed " << seed << ": " << seen.words());
  INFO(cluster.output());
  CHECK(seen.lost() == 0);
  CHECK(seen.announced == 0);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("a killed worker costs no connection that it had not begun to serve", "[schedule]") {
  const std::string schedule = any_schedule();
  program cluster(workbench(built, {"--workers", "2", "--schedule", schedule}));
  cluster.wait_ready(2);
  // Stopped: it accepts and acknowledges nothing, and what is on its way to it waits.
  const auto victim = cluster.ready_workers().front();
  ::kill(victim.pid, SIGSTOP);
  std::vector<std::unique_ptr<connection>> waiting;
  for (int i = 0; i < 40; ++i) {
    waiting.push_back(std::make_unique<connection>(cluster.port()));
    REQUIRE(waiting.back()->send("GET /whoami HTTP/1.1\r\nHost: test\r\n\r\n"));
  }
  const std::size_t held = descriptors_of(cluster.pid());
  ::kill(victim.pid, SIGKILL);
  for (const auto& each : waiting) {
    const answer got = each->receive();
    INFO(schedule << ": " << got.problem << "\n" << cluster.output());
    REQUIRE(got.status == 200);
  }
  cluster.wait_ready(3);
  waiting.clear();
  INFO(schedule << ": " << held << " descriptors while they waited");
  for (int i = 0; i < 20; ++i) REQUIRE(get(cluster.port(), "/").status == 200);
  CHECK(descriptors_of(cluster.pid()) <= held);
}

TEST_CASE("a killed supervisor loses no client under any schedule", "[schedule]") {
  const std::string schedule = any_schedule();
  succession clusters({"--workers", "2", "--schedule", schedule});
  clusters.now().wait_ready(2);
  const std::uint16_t port = clusters.now().port();
  const std::uint64_t seed = std::random_device{}();
  strict_load clients(port, seed, {{manner::busy, 2}, {manner::holder, 4}, {manner::pipelined, 2}});
  clients.wait_for_more(100);
  clusters.kill();
  // Without a supervisor the workers accept by themselves.
  for (int i = 0; i < 20; ++i) REQUIRE(get(port, "/").status == 200);
  clients.wait_for_more(100);
  // Another wish than that of the workers that live: theirs holds.
  program& next = clusters.start({"--schedule", "shared"});
  next.wait_for("took over 2 of 2 workers");
  if (schedule != "shared") next.wait_for("that of the workers that live on is kept: " + schedule);
  clients.wait_for_more(100);
  next.signal(SIGHUP);
  next.wait_for("reload completed: 2 of 2 slots");
  next.signal(SIGTTIN);
  next.wait_for("scaled to 3");
  clients.wait_for_more(100);
  const strict_load::result seen = clients.finish();
  INFO(schedule << ", seed " << seed << ": " << seen.words() << "\n" << next.output());
  CHECK(seen.lost() == 0);
  std::set<std::string> workers;
  idle_connections held;  // those that are held are shared out evenly under each schedule
  for (int i = 0; i < 40; ++i) {
    held.push_back(std::make_unique<connection>(port));
    workers.insert(held.back()->get("/whoami").field("X-Worker"));
  }
  CHECK(workers.size() == 3);
  held.clear();
  next.signal(SIGTERM);
  CHECK(next.wait_exit().code == 0);
}

TEST_CASE("round-robin takes turns", "[schedule]") {
  program cluster(workbench(built, {"--workers", "4", "--schedule", "round-robin"}));
  cluster.wait_ready(4);
  const auto seen = shares(cluster.port(), 80);
  INFO(cluster.output());
  CHECK(seen.size() == 4);
  for (const auto& [worker, count] : seen) CHECK(count == 20);
}

// Of those that wait; who is not back from the last one is passed over.
TEST_CASE("the shared schedule wakes one worker for a connection, and the next one for the next",
          "[schedule]") {
  program cluster(workbench(built, {"--workers", "4"}));
  cluster.wait_ready(4);
  const auto workers = cluster.ready_workers();
  std::map<std::string, int> seen;
  for (int i = 0; i < 200; ++i) {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (!std::ranges::all_of(workers, [](const auto& each) { return state_of(each.pid) == 'S'; }) &&
           std::chrono::steady_clock::now() < give_up) {}
    ++seen[get(cluster.port(), "/whoami").field("X-Worker")];
  }
  INFO(cluster.output());
  CHECK(seen.size() == 4);
  for (const auto& [worker, count] : seen) {
    INFO("worker " << worker << ": " << count);
    CHECK(count <= 60);
  }
}

TEST_CASE("signals to all processes of the program mean something to the supervisor only", "[schedule]") {
  program cluster(workbench(built, {"--workers", "2"}));
  cluster.wait_ready(2);
  for (const auto& worker : cluster.ready_workers())
    for (const int number : {SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU}) ::kill(worker.pid, number);
  const auto seen = shares(cluster.port(), 40);
  INFO(cluster.output());
  CHECK(seen.size() == 2);
  CHECK(cluster.ready_workers().size() == 2);
}

TEST_CASE("who serves has the time slices and the priority of its supervisor", "[schedule]") {
  program cluster(workbench(built, {"--workers", "2"}));
  cluster.wait_ready(2);
  // Started with long ones, and a lower priority, where that can be taken back: a worker that kept them would
  // wait longer for its turns.
  for (const auto& worker : cluster.ready_workers()) {
    CHECK(slice_of(worker.pid) == slice_of(cluster.pid()));
    CHECK(nice_of(worker.pid) == nice_of(cluster.pid()));
  }
}

TEST_CASE("the schedule is shown, and its bad values are refused in one line", "[schedule]") {
  program wrong(workbench(built, {"--schedule", "fair"}));
  CHECK(wrong.wait_exit().code == 2);
  CHECK(wrong.output() == "workbench: --schedule: 'fair' is not shared, round-robin or reuse-port\n");
  program alone(workbench(built, {"--sticky", "address"}));
  CHECK(alone.wait_exit().code == 2);
  CHECK(alone.output().find("router: only schedule round-robin can pick") != std::string::npos);
}

TEST_CASE("with a port for sharing a second cluster is still refused", "[schedule]") {
  program first(workbench(built, {"--workers", "1", "--schedule", "reuse-port"}));
  first.wait_ready(1);
  program second({built,
                  {"--listen", "127.0.0.1:" + std::to_string(first.port()), "--control", "off", "--workers",
                   "1", "--schedule", "reuse-port"},
                  {},
                  {}});
  CHECK(second.wait_exit().code == 3);
}
