// SPDX-License-Identifier: BSL-1.0
// Whom a proxy has named stays known when the connection moves.
#include "workbench.hpp"

#include <signal.h>

using namespace cluster::test;

TEST_CASE("a connection behind a proxy keeps its client's address in another worker", "[reload][proxy]") {
  program cluster({built,
                   {"--listen", "127.0.0.1:0+proxy", "--workers", "2"},
                   {"CLUSTER_TRUSTED_PROXIES=127.0.0.0/8"},
                   {}});
  cluster.wait_ready(2);
  connection one(cluster.port());
  one.send("PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n");
  const answer before = one.get("/from");
  CHECK(before.body == "192.0.2.1:4711 http test\n");
  CHECK(one.get("/visits").body == "1\n");
  cluster.signal(SIGHUP);
  cluster.wait_for("reload completed: 2 of 2 slots");
  const answer after = one.get("/from");
  CHECK(after.body == before.body);
  CHECK(after.field("X-Worker") != before.field("X-Worker"));
  CHECK(one.get("/visits").body == "2\n");  // with the application's state as well
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("proxies name clients in header fields, if the cluster is told whom to believe",
          "[reload][proxy]") {
  program cluster({built,
                   {"--listen", "127.0.0.1:0", "--workers", "1"},
                   {"CLUSTER_TRUSTED_PROXIES=127.0.0.1,10.0.0.0/8", "CLUSTER_FORWARDED=forwarded"},
                   {}});
  cluster.wait_ready(1);
  connection one(cluster.port());
  one.send(
      "GET /from HTTP/1.1\r\nHost: a\r\nForwarded: for=203.0.113.66, for=\"198.51.100.7:99\";proto=https, "
      "for=10.1.1.1\r\n\r\n");
  CHECK(one.receive().body == "198.51.100.7 https a\n");
  for (const auto& [variable, problem] :
       {std::pair{"CLUSTER_TRUSTED_PROXIES=localhost", "'localhost' is neither an address"},
        std::pair{"CLUSTER_FORWARDED=forwarded", "need addresses that are trusted"}}) {
    program refused({built, {"--listen", "127.0.0.1:0"}, {variable}, {}});
    CHECK(refused.wait_exit().code == 2);
    CHECK(refused.output().find(problem) != std::string::npos);
  }
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}
