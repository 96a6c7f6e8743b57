// SPDX-License-Identifier: BSL-1.0
// When a keeper starts its supervisor again.
#include "run/keeper_rules.hpp"
#include "support/catch.hpp"

using namespace cluster::run_detail;
using namespace std::chrono_literals;

namespace {

constexpr keeper_rules::end killed(std::chrono::milliseconds lived) { return {true, 9, lived}; }

}  // namespace

TEST_CASE("an end that was meant is the keeper's end too", "[keeper]") {
  keeper_rules rules;
  const int code = GENERATE(0, 2, 3, 4, 5, 77);
  CHECK_FALSE(rules.next({false, code, 1h}));
}

TEST_CASE("the first time at once, then with growing pauses, up to a bound", "[keeper]") {
  keeper_rules rules;
  CHECK(rules.next(killed(1s)) == 0ms);
  CHECK(rules.next({false, 1, 1s}) == 100ms);
  CHECK(rules.next(killed(1s)) == 200ms);
  CHECK(rules.next(killed(1s)) == 400ms);
  for (int i = 0; i < 40; ++i) rules.next(killed(1s));
  CHECK(rules.next(killed(1s)) == 10s);
}

TEST_CASE("one that has lived for a while begins anew", "[keeper]") {
  keeper_rules rules;
  for (int i = 0; i < 5; ++i) rules.next(killed(1s));
  CHECK(rules.next(killed(1h)) == 0ms);
  CHECK(rules.next(killed(1s)) == 100ms);
}
