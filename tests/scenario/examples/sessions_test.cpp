// SPDX-License-Identifier: BSL-1.0
// Sessions in a Redis that the example's script starts.
#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"

#include <signal.h>

#include <cstdlib>
#include <set>

using namespace cluster::test;

namespace {

answer visit(std::uint16_t port, const std::string& cookie) {
  connection client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
              (cookie.empty() ? std::string() : "Cookie: session=" + cookie + "\r\n") + "\r\n");
  return client.receive();
}

std::string cookie_of(const answer& got) {
  const std::string set = got.field("Set-Cookie");
  const auto begin = set.find('=') + 1;
  return set.substr(begin, set.find(';') - begin);
}

}  // namespace

TEST_CASE("sessions in a store of their own: any worker serves them, and they survive a reload",
          "[examples]") {
  if (std::system("command -v redis-server >/dev/null || command -v redis-check-rdb >/dev/null") != 0) {
    skipped("there is no redis-server: install redis-server, or redis-tools");
    return;
  }
  program cluster(
      {CLUSTER_TEST_SOURCE_DIR "/examples/13_redis_sessions/run",
       {CLUSTER_TEST_BINARY_DIR "/examples/13_redis_sessions", "--listen", "127.0.0.1:0", "--workers", "2"},
       {},
       {}});
  cluster.wait_ready(2);
  const answer first = visit(cluster.port(), "");
  REQUIRE(first.status == 200);
  const std::string cookie = cookie_of(first);
  CHECK(cookie.size() == 32);
  CHECK(first.body.starts_with("visit 1, "));

  std::set<std::string> workers;
  int visits = 1;
  const auto visit_until = [&](std::size_t count) {
    while (workers.size() < count && visits < 500) {
      const std::string body = visit(cluster.port(), cookie).body;
      const std::string wanted = "visit " + std::to_string(++visits) + ", served by worker ";
      REQUIRE(body.substr(0, wanted.size()) == wanted);
      workers.insert(body.substr(wanted.size()));
    }
    return workers.size();
  };
  CHECK(visit_until(2) == 2);
  cluster.signal(SIGHUP);
  cluster.wait_for("reload completed: 2 of 2 slots");
  CHECK(visit_until(4) == 4);
  // What a client made up is no session of anybody.
  CHECK(visit(cluster.port(), std::string(32, 'a')).body.starts_with("visit 1, "));
  CHECK(visit(cluster.port(), "x y").body.starts_with("visit 1, "));

  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}
