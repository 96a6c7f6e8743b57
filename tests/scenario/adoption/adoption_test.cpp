// SPDX-License-Identifier: BSL-1.0
// Supervisors that are killed, and the next ones: whole programs, from outside.
#include "succession.hpp"
#include "support/catch.hpp"
#include "support/strict_load.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

using namespace cluster::test;
using namespace std::chrono_literals;
using manner = strict_load::manner;
using clock_type = std::chrono::steady_clock;

namespace {

int rounds(int by_default) {
  const char* wanted = std::getenv("CLUSTER_TEST_KILLS");  // more of them in a soak
  return wanted != nullptr ? std::atoi(wanted) : by_default;
}

}  // namespace

TEST_CASE("killed supervisors: the next ones take the workers over, nothing is lost or closed",
          "[adoption]") {
  succession cluster({"--workers", "3"});
  cluster.first().wait_ready(3);
  const std::uint16_t port = cluster.first().port();
  const std::set<int> before = cluster.workers();
  const std::uint64_t seed = std::random_device{}();
  strict_load clients(port, seed,
                      {{manner::busy, 2},
                       {manner::paced, 4},
                       {manner::single, 2},
                       {manner::holder, 8},
                       {manner::pipelined, 2},
                       {manner::posting, 1}});
  clients.wait_for_more(100);
  std::vector<double> took;
  const int wanted = rounds(6);
  for (int round = 0; round < wanted; ++round) {
    cluster.kill();
    clients.wait_for_more(50);
    const auto start = clock_type::now();
    cluster.start().wait_for("took over 3 of 3 workers");
    took.push_back(std::chrono::duration<double, std::milli>(clock_type::now() - start).count());
    CHECK(cluster.now().port() == port);
    clients.wait_for_more(50);
  }
  CHECK(cluster.workers() == before);
  // The last one is a supervisor like any other.
  cluster.now().signal(SIGHUP);
  cluster.now().wait_for("reload completed: 3 of 3 slots");
  const strict_load::result seen = clients.finish();
  std::ranges::sort(took);
  WARN(wanted << " kills of the supervisor, seed " << seed << ": " << seen.words() << "; adoption took "
              << took[took.size() / 2] << " ms in the median, " << took.back() << " ms at most");
  INFO(cluster.now().output());
  CHECK(seen.lost() == 0);
  CHECK(seen.announced == 0);
  ::kill(cluster.now().ready_workers().front().pid, SIGKILL);
  cluster.now().wait_ready(4);
  CHECK(cluster.now().ready_workers().back().id == 7);
  cluster.now().signal(SIGTERM);
  CHECK(cluster.now().wait_exit().code == 0);
  CHECK(cluster.workers().empty());
  CHECK_FALSE(std::filesystem::exists(cluster.place()));
  CHECK_FALSE(std::filesystem::exists(cluster.place() + ".state"));
  CHECK_FALSE(std::filesystem::exists(cluster.place() + ".lock"));
}

TEST_CASE("of two supervisors one wins, and the other leaves with its own code", "[adoption]") {
  succession cluster({"--workers", "1"});
  cluster.first().wait_ready(1);
  program& second = cluster.start();
  CHECK(second.wait_exit().code == 5);
  CHECK(second.output().find("another supervisor owns this cluster") != std::string::npos);
  CHECK(get(cluster.first().port(), "/").status == 200);
  cluster.first().signal(SIGTERM);
  CHECK(cluster.first().wait_exit().code == 0);
}

TEST_CASE("of two that start at once to follow a dead supervisor one wins", "[adoption]") {
  succession cluster({"--workers", "2"});
  cluster.first().wait_ready(2);
  const std::set<int> before = cluster.workers();
  for (int round = 0; round < 4; ++round) {
    cluster.kill();
    program& one = cluster.start();
    program& other = cluster.start();
    // Whoever is left when one has given up is it.
    const auto give_up = clock_type::now() + patience;
    while (one.running() && other.running() && clock_type::now() < give_up) std::this_thread::sleep_for(1ms);
    program& loser = one.running() ? other : one;
    program& winner = one.running() ? one : other;
    CHECK(loser.wait_exit().code == 5);
    winner.wait_for("took over 2 of 2 workers");
    CHECK(cluster.workers() == before);
    CHECK(get(winner.port(), "/").status == 200);
    cluster.choose(winner);
  }
}

TEST_CASE("a supervisor that is stopped is ended by the next one, and never acts again", "[adoption]") {
  succession cluster({"--workers", "3"});
  program& frozen = cluster.first();
  frozen.wait_ready(3);
  const std::set<int> before = cluster.workers();
  strict_load clients(frozen.port(), 1, {{manner::busy, 2}, {manner::paced, 2}, {manner::holder, 4}});
  clients.wait_for_more(50);
  frozen.signal(SIGSTOP);
  SECTION("also if somebody has removed the lock") { std::filesystem::remove(cluster.place() + ".lock"); }
  SECTION("with its lock held") {}
  program& next = cluster.start();
  next.wait_for("is stopped and does nothing; it is ended");
  // The kernel lets a process go when its removed file is written, which builds next door can delay.
  next.wait_for("took over 3 of 3 workers", std::chrono::seconds(90));
  frozen.signal(SIGCONT);
  CHECK_FALSE(process_exists(frozen.pid()));
  clients.wait_for_more(50);
  CHECK(cluster.workers() == before);
  CHECK(clients.finish().lost() == 0);
  next.signal(SIGTERM);
  CHECK(next.wait_exit().code == 0);
}

TEST_CASE("a supervisor that lives keeps its cluster, even if its lock was removed", "[adoption]") {
  succession cluster({"--workers", "1"});
  cluster.first().wait_ready(1);
  const std::set<int> before = cluster.workers();
  std::filesystem::remove(cluster.place() + ".lock");
  program& second = cluster.start();
  CHECK(second.wait_exit().code == 5);
  CHECK(cluster.workers() == before);
  CHECK(get(cluster.first().port(), "/").status == 200);
  cluster.first().signal(SIGTERM);
  CHECK(cluster.first().wait_exit().code == 0);
}

TEST_CASE("sockets that were passed come out of the workers, not from whoever passed them", "[adoption]") {
  const std::string uri = GENERATE(as<std::string>{}, "fd:3", "systemd:web");
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof any;
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&any), length) == 0);
  REQUIRE(::listen(socket, 64) == 0);
  REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&any), &length) == 0);
  const std::uint16_t port = ntohs(any.sin_port);
  succession cluster({"--workers", "2", "--listen", uri}, {}, {{socket, 3}});
  ::close(socket);
  cluster.first().wait_ready(2);
  connection held(port);
  CHECK(held.get("/").status == 200);
  cluster.kill();
  cluster.start().wait_for("took over 2 of 2 workers");
  CHECK(held.get("/").status == 200);
  cluster.now().signal(SIGHUP);  // fresh workers get it as well
  cluster.now().wait_for("reload completed: 2 of 2 slots");
  CHECK(held.get("/").status == 200);
  CHECK(get(port, "/").status == 200);
}

TEST_CASE("slots that emptied while nobody looked are filled by the next supervisor", "[adoption]") {
  succession cluster({"--workers", "3"});
  cluster.first().wait_ready(3);
  const auto victim = cluster.first().ready_workers()[1];
  cluster.kill();
  ::kill(victim.pid, SIGKILL);
  while (process_exists(victim.pid)) std::this_thread::sleep_for(1ms);
  cluster.start().wait_for("took over 2 of 3 workers");
  cluster.now().wait_ready(1);
  const auto fresh = cluster.now().ready_workers().front();
  CHECK(fresh.slot == victim.slot);
  CHECK(fresh.id == 4);
  CHECK(cluster.workers().size() == 3);
  CHECK(get(cluster.first().port(), "/").status == 200);
}

TEST_CASE("what was scaled stays scaled, and Unix sockets are taken over too", "[adoption]") {
  succession cluster({"--workers", "2"});
  cluster.first().wait_ready(2);
  cluster.kill();
  const std::string path = cluster.folder("app.sock");
  for (const int pid : cluster.workers()) ::kill(pid, SIGKILL);
  while (!cluster.workers().empty()) std::this_thread::sleep_for(1ms);
  program& before = cluster.start({"--listen", "unix:" + path});  // nobody lives: a fresh start
  before.wait_ready(2);
  before.signal(SIGTTIN);
  before.wait_for("scaled to 3 workers");
  cluster.kill();
  connection over_unix(path);
  CHECK(over_unix.get("/").status == 200);
  cluster.start({"--listen", "unix:" + path}).wait_for("took over 3 of 3 workers");
  CHECK(over_unix.get("/").status == 200);
  CHECK(connection(path).get("/").status == 200);
  cluster.now().signal(SIGTERM);
  CHECK(cluster.now().wait_exit().code == 0);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a supervisor killed in the middle of a roll-out: one generation in the end, nothing lost",
          "[adoption]") {
  succession cluster({"--workers", "3"});
  cluster.first().wait_ready(3);
  const std::uint64_t seed = std::random_device{}();
  std::mt19937_64 chance(seed);
  strict_load clients(cluster.first().port(), seed,
                      {{manner::busy, 2}, {manner::paced, 2}, {manner::single, 2}, {manner::holder, 4}});
  int interrupted = 0;
  const int wanted = rounds(8);
  // Some come too late or too early to interrupt anything.
  for (int round = 0; interrupted < wanted && round < 3 * wanted; ++round) {
    clients.wait_for_more(20);
    const std::set<int> before = cluster.workers();
    cluster.now().signal(SIGHUP);
    cluster.now().wait_for("got SIGHUP");
    std::this_thread::sleep_for(std::chrono::milliseconds(chance() % 30));
    cluster.kill();
    cluster.start().wait_for("took over ");
    cluster.now().wait_for("listening on ");
    // It may have been over already, or not begun.
    if (cluster.now().count("a roll-out was interrupted") == 0) continue;
    cluster.now().wait_for(" is complete, 3 of 3 slots replaced");
    ++interrupted;
    // Who was on the way out may still be at it.
    const auto give_up = clock_type::now() + patience;
    while (cluster.workers().size() != 3 && clock_type::now() < give_up) std::this_thread::sleep_for(1ms);
    std::set<int> both;
    const std::set<int> after = cluster.workers();
    std::ranges::set_intersection(before, after, std::inserter(both, both.end()));
    INFO("seed " << seed << "\n" << cluster.now().output());
    CHECK(both.empty());
    CHECK(after.size() == 3);
  }
  const strict_load::result seen = clients.finish();
  WARN(interrupted << " interrupted roll-outs, seed " << seed << ": " << seen.words());
  INFO(cluster.now().output());
  CHECK(interrupted == wanted);
  CHECK(seen.lost() == 0);
  CHECK(seen.announced == 0);
}

TEST_CASE("a worker that hangs while its supervisor dies is not waited for, and is ended", "[adoption]") {
  const std::string route = GENERATE(as<std::string>{}, "/hang", "/spin/600000");
  succession cluster({"--workers", "2", "--hang-timeout", "500ms"});
  cluster.first().wait_ready(2);
  const std::uint16_t port = cluster.first().port();
  connection stuck(port);
  REQUIRE(stuck.send("GET " + route + " HTTP/1.1\r\nHost: test\r\n\r\n"));
  cluster.kill();
  cluster.start().wait_for("took over 1 of 2 workers");
  CHECK(get(port, "/").status == 200);
  cluster.now().wait_for(" of the supervisor before hangs, and is ended");
  cluster.now().wait_ready(1);
  const auto give_up = clock_type::now() + patience;
  while (cluster.workers().size() != 2 && clock_type::now() < give_up) std::this_thread::sleep_for(1ms);
  CHECK(cluster.workers().size() == 2);
  CHECK(get(port, "/").status == 200);
  cluster.now().signal(SIGTERM);
  CHECK(cluster.now().wait_exit().code == 0);
  CHECK(cluster.workers().empty());
}

TEST_CASE("if nobody comes the workers finish and leave", "[adoption]") {
  succession cluster({"--workers", "2", "--orphan-timeout", "300ms"});
  cluster.first().wait_ready(2);
  const std::uint16_t port = cluster.first().port();
  connection slow(port);
  REQUIRE(slow.send("GET /ms/700 HTTP/1.1\r\nHost: test\r\n\r\n"));
  REQUIRE(get(port, "/ms/20").status == 200);
  cluster.kill();
  CHECK(get(port, "/").status == 200);  // nobody is there, and they serve
  CHECK(slow.receive().status == 200);
  cluster.first().wait_for("no supervisor has come");
  CHECK(cluster.first().wait_exit().signal == SIGKILL);
  CHECK(cluster.workers().empty());
}

TEST_CASE("a worker that hangs and finds no supervisor any more ends itself", "[adoption]") {
  const std::string route = GENERATE(as<std::string>{}, "/hang", "/spin/600000");
  succession cluster({"--workers", "1", "--hang-timeout", "0", "--orphan-timeout", "400ms"});
  cluster.first().wait_ready(1);
  connection stuck(cluster.first().port());
  REQUIRE(stuck.send("GET " + route + " HTTP/1.1\r\nHost: test\r\n\r\n"));
  // Under its supervisor it may stand for as long as it likes.
  std::this_thread::sleep_for(900ms);
  REQUIRE(cluster.workers().size() == 1);
  cluster.kill();
  cluster.first().wait_for("no supervisor has come: this worker ends");
  const auto give_up = clock_type::now() + patience;
  while (!cluster.workers().empty() && clock_type::now() < give_up) std::this_thread::sleep_for(1ms);
  CHECK(cluster.workers().empty());
}
