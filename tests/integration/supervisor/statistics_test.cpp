// SPDX-License-Identifier: BSL-1.0
// What a supervisor knows of its workers without asking them.
#include "fixture.hpp"

#include <signal.h>

using namespace cluster;
using namespace cluster::test;
using namespace std::chrono_literals;

TEST_CASE("status shows what workers count, and keeps what those counted that are gone", "[supervisor]") {
  supervised cluster(with_workers("counting", 2));
  cluster.start();
  REQUIRE(cluster.run_until_ready(2));
  cluster_status now = cluster.master.status();
  for (const worker_status& each : now.workers) {
    CHECK(each.statistics.requests == 100 + each.id.value);
    CHECK(each.statistics.connections == 2);
    CHECK(each.statistics.latency.count() == 7);
    CHECK(each.statistics.heartbeat_age >= 0ms);
    CHECK(each.statistics.heartbeat_age < 20s);
  }
  CHECK(now.totals.requests == 203);
  CHECK(now.totals.connections == 4);
  CHECK(now.latency.count() == 14);

  ::kill(now.workers[0].pid, SIGKILL);
  REQUIRE(cluster.run_until([&] { return cluster.of(event_kind::ready).size() == 3; }));
  now = cluster.master.status();
  CHECK(now.totals.requests == 306);  // 101 of the dead one, 102 and 103
  CHECK(now.totals.connections == 4);
  CHECK(now.latency.count() == 21);
  CHECK(cluster.stop() == error_code());
  CHECK(cluster.master.status().totals.requests == 306);
  CHECK(cluster.master.status().totals.connections == 0);
}
