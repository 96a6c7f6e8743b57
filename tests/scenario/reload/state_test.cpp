// SPDX-License-Identifier: BSL-1.0
// What an application keeps with a connection survives a rolling replacement.
#include "workbench.hpp"

#include <signal.h>

using namespace cluster::test;

TEST_CASE("the state of each connection arrives in the successor with it", "[reload][state]") {
  program cluster(workbench(built, {"--workers", "2"}));
  cluster.wait_ready(2);
  constexpr int count = 50;
  std::vector<std::unique_ptr<connection>> open;
  for (int i = 0; i < count; ++i) {
    open.push_back(std::make_unique<connection>(cluster.port()));
    for (int asked = 1; asked <= i % 5 + 1; ++asked)
      REQUIRE(open.back()->get("/visits").body == std::to_string(asked) + "\n");
  }
  for (int reload = 1; reload <= 3; ++reload) {
    cluster.signal(SIGHUP);
    cluster.wait_for("reload completed: 2 of 2 slots");
    for (int i = 0; i < count; ++i) {
      const answer got = open[static_cast<std::size_t>(i)]->get("/visits");
      INFO("connection " << i << ", reload " << reload << ": " << got.problem << "\n" << cluster.output());
      REQUIRE(got.body == std::to_string(i % 5 + 1 + reload) + "\n");
      REQUIRE(std::stoi(got.field("X-Worker")) > 2 * reload);  // and it is another worker that counts
    }
  }
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}
