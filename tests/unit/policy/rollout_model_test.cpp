// SPDX-License-Identifier: BSL-1.0
// Thousands of fleets that are rolled over while everything happens in any order.
#include "rollout_world.hpp"

#include "support/catch.hpp"

using namespace cluster::policy;
using namespace cluster::policy::test;

TEST_CASE("whatever happens, roll-outs keep their promises", "[rollout][model]") {
  constexpr std::uint64_t seeds = 1000;
  std::size_t checks = 0;
  std::map<rollout_report::outcome, std::size_t> outcomes;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    rollout_world world{seed};
    try {
      world.run();
    } catch (const rollout_world::broken_rule& rule) {
      FAIL("seed " << seed << " at \"" << world.doing() << "\": broken rule: " << rule.what);
    }
    checks += world.checks();
    for (const auto& [how, times] : world.outcomes()) outcomes[how] += times;
  }
  CHECK(checks > seeds * 1000);
  CHECK(outcomes[rollout_report::outcome::completed] > seeds / 10);
  CHECK(outcomes[rollout_report::outcome::failed] > seeds / 10);
  CHECK(outcomes[rollout_report::outcome::rolled_back] > seeds / 50);
  CHECK(outcomes[rollout_report::outcome::aborted] > seeds / 50);
}
