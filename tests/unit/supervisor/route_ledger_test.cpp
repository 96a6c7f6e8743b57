// SPDX-License-Identifier: BSL-1.0
#include "supervisor/route_ledger.hpp"

#include "support/catch.hpp"

using namespace cluster;

namespace {

route_traffic answered(const std::string& route, std::uint64_t times) {
  route_traffic one;
  one.route = route;
  one.answers[1] = times;
  return one;
}

std::uint64_t count_of(const route_ledger& it, const std::string& route) {
  for (const route_traffic& each : it.list())
    if (each.route == route) return each.answers[1];
  return 0;
}

}  // namespace

TEST_CASE("what routes answered is summed up by their names", "[routes]") {
  route_ledger it;
  it.add({answered("GET /a", 2), answered("GET /b", 3)});
  it.add(answered("GET /a", 5));
  CHECK(count_of(it, "GET /a") == 7);
  CHECK(count_of(it, "GET /b") == 3);
  CHECK(it.list().size() == 2);
}

TEST_CASE("a worker that makes names up costs so many lines and no more, and takes none from others",
          "[routes]") {
  route_ledger it;
  it.know("GET /mine");
  for (int i = 0; i < 10'000; ++i) it.add(answered("GET /" + std::to_string(i), 1));
  it.add(answered("GET /mine", 4));
  CHECK(count_of(it, "GET /mine") == 4);
  CHECK(it.list().size() == route_ledger::most + 1);
  std::uint64_t all = 0;
  for (const route_traffic& each : it.list()) all += each.answers[1];
  CHECK(all == 10'004);
}
