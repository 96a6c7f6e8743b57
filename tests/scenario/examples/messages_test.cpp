// SPDX-License-Identifier: BSL-1.0
// The example with messages between workers and supervisor.
#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"

#include <signal.h>

#include <set>

using namespace cluster::test;

TEST_CASE("the shared counter counts for all workers, over a reload", "[examples]") {
  program cluster({CLUSTER_TEST_BINARY_DIR "/examples/10_shared_counter",
                   {"--listen", "127.0.0.1:0", "--workers", "3"},
                   {},
                   {}});
  cluster.wait_ready(3);
  std::set<int> numbers;
  for (int i = 0; i < 30; ++i) {
    const answer got = get(cluster.port(), "/");
    INFO(got.body << cluster.output());
    REQUIRE(got.body.starts_with("visitor "));
    numbers.insert(std::stoi(got.body.substr(8)));
  }
  CHECK(numbers.size() == 30);
  CHECK(*numbers.rbegin() == 30);
  cluster.signal(SIGHUP);
  cluster.wait_for("reload completed: 3 of 3 slots");
  CHECK(get(cluster.port(), "/").body.starts_with("visitor 31,"));
  connection reset(cluster.port());
  REQUIRE(reset.send("POST /reset HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n"));
  CHECK(reset.receive().status == 204);
  // Another worker's request may overtake the message; this one's cannot.
  CHECK(reset.get("/").body.starts_with("visitor 1,"));
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}
