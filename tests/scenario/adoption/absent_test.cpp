// SPDX-License-Identifier: BSL-1.0
// Workers that live and do not call the next supervisor: they hang, or are stopped.
#include "succession.hpp"
#include "support/catch.hpp"
#include "support/http_client.hpp"

#include <list>
#include <map>
#include <set>
#include <string>

using namespace cluster::test;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

/// One connection to each worker, by its pid.
std::map<int, connection*> one_each(std::list<connection>& all, std::uint16_t port, std::size_t workers) {
  std::map<int, connection*> found;
  const auto give_up = clock_type::now() + patience;
  while (found.size() < workers && clock_type::now() < give_up) {
    connection& one = all.emplace_back(port);
    const std::string who = one.get("/whoami").body;
    found.emplace(std::stoi(who.substr(who.find("pid ") + 4)), &one);
  }
  REQUIRE(found.size() == workers);
  return found;
}

bool come_to(const succession& cluster, std::size_t workers) {
  const auto give_up = clock_type::now() + patience;
  while (clock_type::now() < give_up) {
    if (cluster.workers().size() == workers) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

// An exiting process has no executable any more, so it is no worker, and for a moment it is still there.
bool comes_to_an_end(int pid) {
  const auto give_up = clock_type::now() + patience;
  while (process_exists(pid) && clock_type::now() < give_up) std::this_thread::sleep_for(1ms);
  return !process_exists(pid);
}

bool ask(connection& where, const std::string& target) {
  return where.send("GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n");
}

}  // namespace

TEST_CASE("all workers hang and the supervisor is killed: who has connected is served by the next ones",
          "[adoption]") {
  succession cluster({"--workers", "2", "--hang-timeout", "60s"});
  cluster.first().wait_ready(2);
  const std::uint16_t port = cluster.first().port();
  const std::set<int> before = cluster.workers();
  std::list<connection> all;
  for (const auto& [pid, one] : one_each(all, port, 2)) REQUIRE(ask(*one, "/hang"));
  cluster.kill();
  connection waiting(port);
  REQUIRE(ask(waiting, "/whoami"));
  program& next = cluster.start({"--hang-timeout", "500ms"});
  next.wait_for("its listeners are taken out of process");
  next.wait_for("took over 0 of 2 workers");
  const answer served = waiting.receive();
  CHECK(served.status == 200);
  CHECK(next.port() == port);
  for (int i = 0; i < 2; ++i) next.wait_for(" of the supervisor before hangs, and is ended");
  next.wait_ready(2);
  for (const auto& each : next.ready_workers()) CHECK(each.id >= 3);  // the numbers go on
  CHECK(come_to(cluster, 2));
  for (const int pid : cluster.workers()) CHECK_FALSE(before.contains(pid));
  CHECK(get(port, "/").status == 200);
  next.signal(SIGTERM);
  CHECK(next.wait_exit().code == 0);
}

TEST_CASE("a worker that was stopped when the next supervisor came leaves, and finishes what it had",
          "[adoption]") {
  succession cluster({"--workers", "2", "--hang-timeout", "400ms"});
  cluster.first().wait_ready(2);
  std::list<connection> all;
  const auto [victim, held] = *one_each(all, cluster.first().port(), 2).begin();
  REQUIRE(ask(*held, "/ms/3500"));
  cluster.kill();
  ::kill(victim, SIGSTOP);
  SECTION("it goes on: that it sleeps until its last answer is due is no hang") {
    cluster.start().wait_for("took over 1 of 2 workers");
    ::kill(victim, SIGCONT);
    cluster.now().wait_for("calls as a worker of before, too late; it is sent away");
    CHECK(held->receive().status == 200);
    CHECK(cluster.now().count(" is ended") == 0);
  }
  SECTION("it stays stopped: it is ended, and others that hang are found as ever") {
    cluster.start().wait_for("took over 1 of 2 workers");
    cluster.now().wait_for(" of the supervisor before is kept stopped, and is ended");
    connection stuck(cluster.first().port());
    REQUIRE(ask(stuck, "/hang"));
    cluster.now().wait_for(" hangs: its event loop stood still for ");
    cluster.now().wait_for(" ended, hung");
  }
  CHECK(come_to(cluster, 2));
  CHECK(comes_to_an_end(victim));
  cluster.now().signal(SIGTERM);
  CHECK(cluster.now().wait_exit().code == 0);
}

TEST_CASE("a worker that hangs is not forgotten when its slot goes and the next supervisor dies too",
          "[adoption]") {
  succession cluster({"--workers", "2", "--hang-timeout", "60s"});
  cluster.first().wait_ready(2);
  cluster.first().signal(SIGTTIN);
  cluster.first().wait_for("scaled to 3 workers");
  const int last = cluster.first().ready_workers().back().pid;
  std::list<connection> all;
  REQUIRE(ask(*one_each(all, cluster.first().port(), 3).at(last), "/hang"));
  cluster.kill();
  cluster.start().wait_for("took over 2 of 3 workers");
  cluster.now().wait_ready(1);
  cluster.now().signal(SIGTTOU);
  cluster.now().wait_for("scaled to 2 workers");
  cluster.kill();
  program& next = cluster.start({"--hang-timeout", "300ms"});
  next.wait_for(" of the supervisor before hangs, and is ended");
  CHECK(come_to(cluster, 2));
  CHECK(comes_to_an_end(last));
  next.signal(SIGTERM);
  CHECK(next.wait_exit().code == 0);
}

TEST_CASE(
    "a worker that was sent away and then hangs is ended in its time, though the next supervisor dies too",
    "[adoption]") {
  succession cluster({"--workers", "2", "--hang-timeout", "60s", "--drain-timeout", "2s"});
  cluster.first().wait_ready(2);
  std::list<connection> all;
  const auto [victim, held] = *one_each(all, cluster.first().port(), 2).begin();
  // Half a request, which a drain lets come to its end.
  REQUIRE(held->send("GET /hang HTTP/1.1\r\n"));
  cluster.kill();
  ::kill(victim, SIGSTOP);
  cluster.start().wait_for("took over 1 of 2 workers");
  ::kill(victim, SIGCONT);
  cluster.now().wait_for("calls as a worker of before, too late; it is sent away");
  REQUIRE(held->send("Host: test\r\n\r\n"));
  cluster.now().wait_ready(1);
  cluster.kill();
  const auto begun = clock_type::now();
  program& next = cluster.start();
  next.wait_for("took over 2 of 2 workers");
  CHECK(clock_type::now() - begun < 1500ms);  // nobody waits for its call
  next.wait_for(" was sent away and is still there; it is ended");
  CHECK(comes_to_an_end(victim));
  CHECK(come_to(cluster, 2));
  CHECK(get(cluster.first().port(), "/").status == 200);
  next.signal(SIGTERM);
  CHECK(next.wait_exit().code == 0);
}
