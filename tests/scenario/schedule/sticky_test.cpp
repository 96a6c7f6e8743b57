// SPDX-License-Identifier: BSL-1.0
// Clients that come back to the worker that knows them.
#include "../reload/workbench.hpp"

#include <signal.h>

#include <map>

using namespace cluster::test;

namespace {

std::string worker_for(std::uint16_t port, const std::string& cookie, bool in_pieces = false) {
  connection client(port);
  const std::string head =
      "GET / HTTP/1.1\r\nHost: test\r\nX-Other: 1\r\ncookie: a=b; session=" + cookie + "\r\n\r\n";
  if (in_pieces) {
    for (std::size_t at = 0; at < head.size(); at += 13)
      if (!client.send(head.substr(at, 13))) return "lost";
  } else if (!client.send(head)) {
    return "lost";
  }
  return client.receive().field("X-Worker");
}

}  // namespace

TEST_CASE("one address, one worker", "[sticky]") {
  program cluster(workbench(built, {"--workers", "3", "--schedule", "round-robin", "--sticky", "address"}));
  cluster.wait_ready(3);
  std::set<std::string> seen;
  for (int i = 0; i < 30; ++i) seen.insert(get(cluster.port(), "/").field("X-Worker"));
  CHECK(seen.size() == 1);
}

TEST_CASE("one session, one slot: over pieces, silence and a reload", "[sticky]") {
  program cluster(
      workbench(built, {"--workers", "4", "--schedule", "round-robin", "--sticky", "cookie:session"}));
  cluster.wait_ready(4);
  const std::uint16_t port = cluster.port();
  std::map<std::string, std::string> home;
  std::set<std::string> workers;
  for (int i = 0; i < 40; ++i) {
    const std::string session = "s" + std::to_string(i);
    home[session] = worker_for(port, session);
    workers.insert(home[session]);
  }
  INFO(cluster.output());
  CHECK(workers.size() == 4);
  for (const auto& [session, worker] : home) CHECK(worker_for(port, session, true) == worker);
  // Without a cookie they come in turn, and one that says nothing at first holds up nobody.
  connection silent(port);
  std::set<std::string> turns;
  for (int i = 0; i < 8; ++i) turns.insert(get(port, "/").field("X-Worker"));
  CHECK(turns.size() == 4);
  CHECK(silent.get("/").status == 200);
  cluster.signal(SIGHUP);
  cluster.wait_for("reload completed: 4 of 4 slots");
  std::map<std::string, std::string> moved;  // old worker to new one, as their slots say
  for (const auto& [session, worker] : home) {
    const std::string now = worker_for(port, session);
    if (moved.contains(worker)) CHECK(moved[worker] == now);
    moved[worker] = now;
  }
  CHECK(moved.size() == 4);
}
