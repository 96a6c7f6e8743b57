// SPDX-License-Identifier: BSL-1.0
// Limits on connections: what is too many waits in the accept queue and is served when there is room.
#include "../reload/workbench.hpp"

#include <map>

using namespace cluster::test;
using namespace std::chrono_literals;

TEST_CASE("a full cluster accepts no more until a connection goes", "[limit]") {
  const std::string schedule = GENERATE(as<std::string>{}, "shared", "round-robin");
  const bool total = GENERATE(true, false);
  program cluster(workbench(built, {"--workers", total ? "2" : "1", "--schedule", schedule,
                                    total ? "--max-connections-total" : "--max-connections", "4"}));
  cluster.wait_ready(total ? 2 : 1);
  idle_connections open = settle(cluster.port(), 4);
  connection waiting(cluster.port());  // the kernel has it, no worker
  REQUIRE(waiting.send("GET /whoami HTTP/1.1\r\nHost: test\r\n\r\n"));
  INFO(schedule << (total ? ", total" : ", each") << "\n" << cluster.output());
  // Nothing can be waited for where nothing is to happen.
  CHECK(waiting.receive(60ms).status == 0);
  for (const auto& each : open) CHECK(each->get("/").status == 200);
  open.pop_back();
  CHECK(waiting.receive().status == 200);
}
