// SPDX-License-Identifier: BSL-1.0
// Rolling replacement under load: what clients notice of it is nothing.
#include "workbench.hpp"

#include <signal.h>

#include <cstdlib>
#include <random>

using namespace cluster::test;
using namespace std::chrono_literals;
using manner = strict_load::manner;

TEST_CASE("back-to-back rolling replacements: nothing lost, nothing closed", "[reload]") {
  program cluster(workbench(built, {"--workers", "4"}));
  cluster.wait_ready(4);
  const std::uint64_t seed = std::random_device{}();
  strict_load clients(cluster.port(), seed,
                      {{manner::busy, 2},
                       {manner::paced, 4},
                       {manner::single, 2},
                       {manner::holder, 16},
                       {manner::pipelined, 4},
                       {manner::posting, 2},
                       {manner::slow, 4},
                       {manner::trickling, 3}});
  clients.wait_for_more(200);
  const char* wanted = std::getenv("CLUSTER_TEST_RELOADS");  // more of them in a soak
  const int rounds = wanted != nullptr ? std::atoi(wanted) : 8;
  std::size_t descriptors = 0;
  std::size_t memory = 0;
  for (int round = 1; round <= rounds; ++round) {
    cluster.signal(SIGHUP);
    cluster.wait_for("reload completed: 4 of 4 slots");
    clients.wait_for_more(50);
    if (round != 4) continue;  // by now everything has been used that is kept for use
    descriptors = descriptors_of(cluster.pid());
    memory = private_kib_of(cluster.pid());
  }
  const std::size_t descriptors_then = descriptors_of(cluster.pid());
  const std::size_t memory_then = private_kib_of(cluster.pid());
  const strict_load::result seen = clients.finish();
  WARN(rounds << " rolling replacements of 4 workers, seed " << seed << ": " << seen.words());
  INFO(cluster.output());
  WARN("supervisor after 4 and after " << rounds << ": " << descriptors << " and " << descriptors_then
                                       << " descriptors, " << memory << " and " << memory_then
                                       << " KiB of its own");
  CHECK(seen.lost() == 0);
  CHECK(seen.announced == 0);
  CHECK(fewest_ready(cluster, 4) == 4);
  CHECK(descriptors_then == descriptors);
  CHECK(memory_then <= memory + 512);
  CHECK(living(cluster).size() == 4);
  CHECK(cluster.count("ended, replaced: exit code 0") == 4 * static_cast<std::size_t>(rounds));
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("idle connections move and stay open", "[reload]") {
  program cluster(workbench(built, {"--workers", "2"}));
  cluster.wait_ready(2);
  const idle_connections idle = settle(cluster.port(), 200);
  cluster.signal(SIGHUP);
  CHECK(cluster.wait_for("reload completed").find("200 connections moved") != std::string::npos);
  for (const auto& each : idle) {
    const answer got = each->get("/whoami");
    INFO(got.problem << "\n" << cluster.output());
    REQUIRE(got.status == 200);
    CHECK(got.field("X-Worker") >= "3");
  }
}

TEST_CASE("a new binary renamed into place is what runs afterwards", "[reload]") {
  deployment app;
  program cluster(workbench(app.path(), {"--workers", "2"}));
  cluster.wait_ready(2);
  const auto before = living(cluster);
  app.replace_by(CLUSTER_TEST_BINARY_DIR "/examples/01_hello_cluster");
  cluster.signal(SIGHUP);
  cluster.wait_for("reload completed");
  CHECK(get(cluster.port(), "/whoami").status == 404);  // the other program has no such route
  for (const int pid : before) CHECK_FALSE(process_exists(pid));
}

TEST_CASE("a new generation that does not start: the old one serves on, untouched", "[reload]") {
  const std::string script =
      GENERATE(as<std::string>{}, "#!/bin/sh\nexit 7\n", "#!/bin/sh\nexec sleep 60\n", "no program\n");
  deployment app;
  program cluster(workbench(app.path(), {"--workers", "2", "--ready-timeout", "300ms"}));
  cluster.wait_ready(2);
  const auto before = living(cluster);
  const std::uint64_t seed = std::random_device{}();
  strict_load clients(cluster.port(), seed, {{manner::busy, 2}, {manner::single, 2}, {manner::holder, 4}});
  app.replace_by_script(script);
  cluster.signal(SIGHUP);
  const std::string line = cluster.wait_for("reload failed at stage ");
  clients.wait_for_more(50);
  // What dies afterwards is still replaced by the program that served before.
  ::kill(*before.begin(), SIGKILL);
  cluster.wait_ready(3);
  INFO(cluster.output());
  CHECK(line.find("0 of 2 slots") != std::string::npos);
  CHECK(process_exists(*before.rbegin()));
  CHECK(get(cluster.port(), "/whoami").status == 200);
  clients.finish();
}

TEST_CASE("a new generation that fails its probe: the old one serves on", "[reload]") {
  deployment app;
  program cluster(workbench(app.path(), {"--workers", "2", "--probe", "/whoami"}));
  cluster.wait_ready(2);
  app.replace_by(CLUSTER_TEST_BINARY_DIR "/examples/01_hello_cluster");  // it has no such route
  cluster.signal(SIGHUP);
  const std::string line = cluster.wait_for("reload failed at stage start");
  INFO(line);
  CHECK(line.find("GET /whoami: the answer was 404") != std::string::npos);
  CHECK(line.find("0 of 2 slots") != std::string::npos);
  CHECK(living(cluster).size() == 2);
  CHECK(get(cluster.port(), "/whoami").status == 200);
}

TEST_CASE("a program that never passes its probe does not start", "[reload]") {
  program cluster(
      workbench(built, {"--workers", "1", "--probe", "/missing"}, {"CLUSTER_RESTART_MAX_FAILURES=2"}));
  CHECK(cluster.wait_exit().code == 4);
  CHECK(cluster.output().find("GET /missing: the answer was 404 Not Found") != std::string::npos);
}

TEST_CASE("a successor that dies while it soaks: back to what served before", "[reload]") {
  deployment app;
  program cluster(workbench(app.path(), {"--workers", "2"}, {"CLUSTER_RELOAD_SOAK=300ms"}));
  cluster.wait_ready(2);
  const std::uint64_t seed = std::random_device{}();
  strict_load clients(cluster.port(), seed, {{manner::busy, 2}, {manner::single, 2}, {manner::pipelined, 2}});
  cluster.signal(SIGHUP);
  cluster.wait_ready(4);  // the first slot is done and the second one's successor is ready
  ::kill(cluster.ready_workers().back().pid, SIGKILL);
  cluster.wait_for("reload rolled_back at stage soak");
  clients.wait_for_more(50);
  const strict_load::result seen = clients.finish();
  INFO("seed " << seed << ": " << seen.words() << "\n" << cluster.output());
  CHECK(living(cluster).size() == 2);
  CHECK(seen.refused + seen.wrong + seen.silent == 0);
}

TEST_CASE("without roll-back both generations stay, each refilled by its own file", "[reload]") {
  deployment app;
  program cluster(workbench(app.path(), {"--workers", "2"},
                            {"CLUSTER_RELOAD_SOAK=300ms", "CLUSTER_RELOAD_ROLLBACK=off"}));
  cluster.wait_ready(2);
  app.replace_by(CLUSTER_TEST_BINARY_DIR "/examples/01_hello_cluster");
  cluster.signal(SIGHUP);
  cluster.wait_ready(4);
  ::kill(cluster.ready_workers().back().pid, SIGKILL);
  cluster.wait_for("reload failed at stage soak");
  const auto workers = cluster.ready_workers();  // 1 and 2 of the workbench, 3 in slot 0 and 4 of the new one
  ::kill(workers[1].pid, SIGKILL);
  cluster.wait_ready(5);
  ::kill(workers[2].pid, SIGKILL);
  cluster.wait_ready(6);
  INFO(cluster.output());
  std::set<int> seen;
  for (int i = 0; i < 400 && seen.size() < 2; ++i) seen.insert(get(cluster.port(), "/whoami").status);
  CHECK(seen == std::set<int>{200, 404});  // the old program has that route, the new one has not
}

TEST_CASE("a second reload while one runs is refused", "[reload]") {
  program cluster(workbench(built, {"--workers", "1"}, {"CLUSTER_RELOAD_SOAK=300ms"}));
  cluster.wait_ready(1);
  cluster.signal(SIGHUP);
  cluster.wait_ready(2);
  cluster.signal(SIGHUP);
  cluster.wait_for("SIGHUP: a rolling replacement is under way");
  cluster.wait_for("reload completed: 1 of 1 slots");
}

TEST_CASE("a response and an upload of five seconds survive a reload", "[reload]") {
  program cluster(workbench(built, {"--workers", "2"}));
  cluster.wait_ready(2);
  connection response(cluster.port());
  connection upload(cluster.port());
  REQUIRE(response.send("GET /ms/5000 HTTP/1.1\r\nHost: test\r\n\r\n"));
  REQUIRE(upload.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345"));
  REQUIRE(get(cluster.port(), "/ms/50").status == 200);
  cluster.signal(SIGHUP);
  cluster.wait_for(" drains");
  // Whichever worker has the upload, its slot waits for it: a slow client, not an event, sets the pace.
  for (const char octet : {'6', '7', '8', '9', '0'}) {
    std::this_thread::sleep_for(1s);
    REQUIRE(upload.send({octet}));
  }
  const answer uploaded = upload.receive();
  const answer waited = response.receive();
  INFO(uploaded.problem << " / " << waited.problem << "\n" << cluster.output());
  CHECK(uploaded.body == "10\n");
  CHECK(waited.status == 200);
  cluster.wait_for("reload completed: 2 of 2 slots");
  CHECK(response.get("/").status == 200);  // and the connections live on
  CHECK(upload.get("/").status == 200);
}

TEST_CASE("scaling down hands connections to the survivors", "[reload]") {
  program cluster(workbench(built, {"--workers", "3"}));
  cluster.wait_ready(3);
  const idle_connections idle = settle(cluster.port(), 60);
  cluster.signal(SIGTTOU);
  cluster.wait_for("scaled to 2 workers");
  for (const auto& each : idle) {
    const answer got = each->get("/whoami");
    INFO(got.problem << "\n" << cluster.output());
    REQUIRE(got.status == 200);
  }
}
