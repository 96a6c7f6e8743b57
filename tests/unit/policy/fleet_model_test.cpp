// SPDX-License-Identifier: BSL-1.0
// Thousands of fleets with random settings, in worlds where everything happens in any order.
#include "fake_world.hpp"

#include "support/catch.hpp"

using namespace cluster::policy::test;

TEST_CASE("whatever happens, the fleet keeps its rules", "[fleet][model]") {
  constexpr std::uint64_t seeds = 3000;
  std::size_t checks = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    fake_world world{seed};
    try {
      world.run();
    } catch (const broken_rule& rule) {
      FAIL("seed " << seed << " at \"" << world.doing() << "\": broken rule: " << rule.what);
    }
    checks += world.checks();
  }
  CHECK(checks > seeds * 1000);
}
