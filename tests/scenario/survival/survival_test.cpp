// SPDX-License-Identifier: BSL-1.0
// What happens to clients when workers die, hang or are told to leave: whole programs, from outside.
#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <thread>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

program_settings workbench(std::vector<std::string> flags, std::vector<std::string> own = {}) {
  program_settings settings;
  settings.path = CLUSTER_TEST_BINARY_DIR "/examples/90_workbench";
  settings.arguments = {"--listen", "127.0.0.1:0"};
  settings.arguments.insert(settings.arguments.end(), flags.begin(), flags.end());
  if (!own.empty()) settings.arguments.push_back("--");
  settings.arguments.insert(settings.arguments.end(), own.begin(), own.end());
  return settings;
}

std::set<int> pids_of(const program& cluster) {
  std::set<int> pids;
  for (const auto& each : cluster.ready_workers()) pids.insert(each.pid);
  return pids;
}

}  // namespace

TEST_CASE("a killed worker is replaced in its slot while the others serve", "[survival]") {
  program cluster(workbench({"--workers", "4"}));
  cluster.wait_ready(4);
  load clients(cluster.port(), load::mode::connection_per_request, 4);
  clients.wait_for_more(200);
  const auto victim = cluster.ready_workers()[2];
  ::kill(victim.pid, SIGKILL);
  const std::string end = cluster.wait_for("signal 9 (SIGKILL)");
  CHECK(end.find("worker " + std::to_string(victim.id) + " ") != std::string::npos);
  cluster.wait_ready(5);
  const auto successor = cluster.ready_workers().back();
  CHECK(successor.slot == victim.slot);
  CHECK(successor.id == 5);
  clients.wait_for_more(200);
  const load::result seen = clients.finish();
  INFO("first problem: " << seen.first_problem << "\n" << cluster.output());
  CHECK(seen.refused == 0);
  CHECK(seen.failed <= 4);  // at most what that worker was working on: one for each client
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("all workers killed at once: no connection is refused", "[survival]") {
  program cluster(workbench({"--workers", "3"}));
  cluster.wait_ready(3);
  const std::uint16_t port = cluster.port();
  REQUIRE(get(port, "/").status == 200);
  for (const int pid : pids_of(cluster)) ::kill(pid, SIGKILL);
  // Nobody accepts now, and every one of these must be answered all the same.
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  for (int i = 0; i < 8; ++i) clients.emplace_back([&] { answered += get(port, "/").status == 200 ? 1 : 0; });
  for (std::thread& each : clients) each.join();
  cluster.wait_ready(6);
  INFO(cluster.output());
  CHECK(answered == 8);
  CHECK(cluster.count("signal 9 (SIGKILL)") == 3);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("killed again and again, a healthy fleet comes back each time", "[survival]") {
  program cluster(workbench({"--workers", "2"}));
  cluster.wait_ready(2);
  load clients(cluster.port(), load::mode::connection_per_request, 2);
  std::size_t ready = 2;
  for (int round = 0; round < 6; ++round) {
    ::kill(cluster.ready_workers().back().pid, SIGKILL);
    cluster.wait_ready(++ready);
    clients.wait_for_more(50);
  }
  const load::result seen = clients.finish();
  INFO("first problem: " << seen.first_problem << "\n" << cluster.output());
  CHECK(seen.refused == 0);
  CHECK(seen.failed <= 12);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("a worker that hangs leaves the others answering", "[survival]") {
  program cluster(workbench({"--workers", "2", "--drain-timeout", "300ms", "--kill-timeout", "300ms"}));
  cluster.wait_ready(2);
  const std::uint16_t port = cluster.port();
  connection stuck(port);
  REQUIRE(stuck.send("GET /hang HTTP/1.1\r\nHost: test\r\n\r\n"));
  for (int i = 0; i < 50; ++i) {
    const answer got = get(port, "/whoami");
    INFO(i << ": " << got.problem << "\n" << cluster.output());
    REQUIRE(got.status == 200);
  }
  cluster.signal(SIGTERM);  // and the hung one does not keep the cluster from leaving
  CHECK(cluster.wait_exit().code == 0);
  for (const int pid : pids_of(cluster)) CHECK_FALSE(process_exists(pid));
}

TEST_CASE("an exception in a handler is a 500 and an event, and the worker lives on", "[survival]") {
  program cluster(workbench({"--workers", "1", "--log-level", "debug"}));
  cluster.wait_ready(1);
  connection one(cluster.port());
  CHECK(one.get("/throw").status == 500);
  CHECK(one.get("/").status == 200);
  CHECK(cluster.wait_for("had a failing handler").find("thrown on request") != std::string::npos);
  CHECK(one.get("/whoami").body.find("worker 1 ") == 0);
}

TEST_CASE("TERM answers what is in flight, then nothing is left", "[survival]") {
  scratch_folder folder;
  program cluster(workbench(
      {"--workers", "2", "--listen", "unix:" + (folder / "app.sock"), "--pid-file", folder / "app.pid"}));
  cluster.wait_ready(2);
  connection over_tcp(cluster.port());
  connection over_unix(folder / "app.sock");
  REQUIRE(over_tcp.get("/").status == 200);
  REQUIRE(over_unix.get("/").status == 200);
  REQUIRE(over_tcp.send("GET /ms/400 HTTP/1.1\r\nHost: test\r\n\r\n"));
  REQUIRE(over_unix.send("GET /ms/400 HTTP/1.1\r\nHost: test\r\n\r\n"));
  REQUIRE(get(cluster.port(), "/ms/50").status == 200);  // by now the others are being worked on
  cluster.signal(SIGTERM);
  cluster.wait_for("the cluster stops");
  const answer tcp = over_tcp.receive();
  const answer local = over_unix.receive();
  INFO(tcp.problem << " / " << local.problem << "\n" << cluster.output());
  CHECK(tcp.status == 200);
  CHECK(local.status == 200);
  CHECK(tcp.field("Connection") == "close");
  CHECK(cluster.wait_exit().code == 0);
  for (const int pid : pids_of(cluster)) CHECK_FALSE(process_exists(pid));
  CHECK(::access((folder / "app.sock").c_str(), F_OK) != 0);
  CHECK(::access((folder / "app.pid").c_str(), F_OK) != 0);
  CHECK(cluster.count("ended, requested: exit code 0") == 2);
}

TEST_CASE("QUIT, or a second TERM, does not wait for slow requests", "[survival]") {
  const bool second_term = GENERATE(false, true);
  program cluster(workbench({"--workers", "2", "--kill-timeout", "200ms"}));
  cluster.wait_ready(2);
  connection slow(cluster.port());
  REQUIRE(slow.send("GET /ms/60000 HTTP/1.1\r\nHost: test\r\n\r\n"));
  REQUIRE(get(cluster.port(), "/ms/50").status == 200);
  cluster.signal(second_term ? SIGTERM : SIGQUIT);
  if (second_term) {
    cluster.wait_for("the cluster stops");
    cluster.signal(SIGTERM);
  }
  CHECK(cluster.wait_exit(10s).code == 0);
  for (const int pid : pids_of(cluster)) CHECK_FALSE(process_exists(pid));
}

TEST_CASE("a crash loop backs off and gives up with the last reason", "[survival]") {
  program cluster(workbench({"--workers", "2"}, {"--fail-start", "7"}));
  const cluster::exit_status end = cluster.wait_exit();
  INFO(cluster.output());
  CHECK(end.code == 4);
  CHECK(cluster.count("waits") >= 7);  // back-off before the restarts
  CHECK(cluster.count("ended, failed_to_start: exit code 7") >= 8);
  CHECK(cluster.output().find("no worker ever became ready") != std::string::npos);
  const std::string all = cluster.output();
  const std::string last = all.substr(all.rfind("workbench: "));
  CHECK(last.find("exit code 7") != std::string::npos);
}

TEST_CASE("a worker that crashes after each start rests, and the others serve", "[survival]") {
  program_settings settings = workbench({"--workers", "2"});
  settings.environment = {"CLUSTER_RESTART_MAX_FAILURES=3", "CLUSTER_RESTART_INITIAL_DELAY=10ms",
                          "CLUSTER_RESTART_MIN_UPTIME=1h", "CLUSTER_RESTART_REST=1h"};
  program cluster(settings);
  cluster.wait_ready(2);
  const auto first = cluster.ready_workers();
  std::uint64_t slot = first[0].slot;
  int pid = first[0].pid;
  for (std::size_t ready = 3; ready <= 4; ++ready) {  // two failures are still replaced
    ::kill(pid, SIGKILL);
    cluster.wait_ready(ready);
    REQUIRE(cluster.ready_workers().back().slot == slot);
    pid = cluster.ready_workers().back().pid;
  }
  ::kill(pid, SIGKILL);  // the third trips the limit
  CHECK(cluster.wait_for("rests").find("slot " + std::to_string(slot)) != std::string::npos);
  CHECK(get(cluster.port(), "/whoami").body.find("slot " + std::to_string(first[1].slot)) !=
        std::string::npos);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("workers of a killed supervisor finish and leave, and the port is free again", "[survival]") {
  program cluster(workbench({"--workers", "2"}));
  cluster.wait_ready(2);
  const std::uint16_t port = cluster.port();
  connection slow(port);
  REQUIRE(slow.send("GET /ms/300 HTTP/1.1\r\nHost: test\r\n\r\n"));
  REQUIRE(get(port, "/ms/20").status == 200);
  const auto pids = pids_of(cluster);
  cluster.signal(SIGKILL);
  CHECK(slow.receive().status == 200);
  CHECK(cluster.wait_exit().signal == SIGKILL);  // waits until the last worker has closed the output
  INFO(cluster.output());
  for (const int pid : pids) CHECK_FALSE(process_exists(pid));
  CHECK_FALSE(connection(port).open());
}

TEST_CASE("nobody reads the log and its pipe is full: everything goes on, and what is missing is said",
          "[survival]") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const std::string filling(4096, 'f');
  REQUIRE(::fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
  while (::write(ends[1], filling.data(), filling.size()) > 0) continue;
  REQUIRE(::fcntl(ends[1], F_SETFL, 0) == 0);  // whoever writes to it now, waits
  const scratch_folder folder;
  const std::string path = folder / "app.sock";
  program_settings settings = workbench({"--workers", "2", "--listen", "unix:" + path});
  settings.descriptors = {{ends[1], 9}};
  settings.arguments.insert(settings.arguments.begin(),
                            {"-c", "exec \"$0\" \"$@\" 2>&9 9>&-", settings.path});
  settings.path = "/bin/sh";
  program cluster(settings);
  ::close(ends[1]);
  const auto serves = [&] {
    const connection probe(path);
    return probe.open();
  };
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (!serves() && std::chrono::steady_clock::now() < give_up) std::this_thread::sleep_for(1ms);
  // Each round is an exit, a start, and some lines.
  std::set<std::string> pids;
  while (pids.size() < 6 && std::chrono::steady_clock::now() < give_up) {
    const std::string body = connection(path).get("/whoami").body;
    if (body.empty() || !pids.insert(body).second) continue;
    ::kill(std::stoi(body.substr(body.rfind(' ') + 1)), SIGKILL);
  }
  CHECK(pids.size() == 6);
  cluster.signal(SIGUSR1);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
  ::close(ends[0]);
}
