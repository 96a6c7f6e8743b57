// SPDX-License-Identifier: BSL-1.0
// How many workers the load wants.
#include "policy/scaler.hpp"

#include "support/catch.hpp"

using namespace cluster;
using namespace cluster::policy;
using namespace std::chrono_literals;

namespace {

/// Workers that share a load, measured in workers that it would keep busy all the time.
struct world {
  explicit world(scale_range range, std::size_t workers) : under_test(range), target(workers) { look(0); }

  /// A second with that load; what was ordered is there at once.
  std::optional<scaler::order> look(double load, bool settled = true) {
    now += 1s;
    std::vector<load_reading> readings;
    for (std::size_t i = 0; i < target; ++i) {
      busy[i] += std::chrono::nanoseconds(
          static_cast<std::int64_t>(1e9 * std::min(load / static_cast<double>(target), 1.0)));
      readings.push_back({worker_id{i + 1}, busy[i]});
    }
    const auto order = under_test.look(readings, target, settled, now);
    if (order) target = order->workers;
    return order;
  }
  std::size_t after(double load, int seconds) {
    for (int i = 0; i < seconds; ++i) changes += look(load) ? 1 : 0;
    return target;
  }

  scaler under_test;
  std::size_t target;
  std::map<std::size_t, std::chrono::nanoseconds> busy;
  time_point now{24h};
  int changes = 0;
};

}  // namespace

TEST_CASE("a fixed number stays, whatever the load", "[scaler]") {
  world it({}, 2);
  CHECK_FALSE(it.under_test.active());
  CHECK(it.after(100, 120) == 2);
  CHECK(it.changes == 0);
}

TEST_CASE("three busy seconds bring as many as make the load bearable, and not beyond the most", "[scaler]") {
  world it({1, 6}, 1);
  CHECK_FALSE(it.look(0.9));
  CHECK_FALSE(it.look(0.9));
  const auto order = it.look(0.9);
  REQUIRE(order);
  CHECK(order->workers == 2);
  CHECK(order->why == "they were busy 90 % of the time");
  world four({1, 16}, 4);
  CHECK(four.after(3.9, 3) == 7);  // 3.9 / 0.6
  CHECK(it.after(100, 30) == 6);
  const int before = it.changes;
  CHECK(it.after(100, 30) == 6);
  CHECK(it.changes == before);
}

TEST_CASE("a busy second is no reason", "[scaler]") {
  world it({1, 8}, 1);
  for (int i = 0; i < 20; ++i) {
    CHECK_FALSE(it.look(1.0));
    CHECK_FALSE(it.look(1.0));
    CHECK_FALSE(it.look(0.1));
  }
}

TEST_CASE("one leaves when the others would be at ease for half a minute, and never below the least",
          "[scaler]") {
  world it({2, 8}, 5);
  CHECK(it.after(0.1, 29) == 5);
  CHECK(it.after(0.1, 1) == 4);
  CHECK(it.after(0.1, 300) == 2);
  CHECK(it.changes == 3);
}

TEST_CASE("under a steady load the number settles and stays", "[scaler]") {
  const double load = GENERATE(0.05, 0.3, 0.5, 0.79, 0.81, 1.0, 1.2, 1.61, 2.4, 3.3, 4.7, 9.0);
  const std::size_t start = GENERATE(1U, 2U, 5U, 8U);
  INFO(load << " from " << start);
  world it({1, 8}, start);
  const std::size_t settled = it.after(load, 400);
  const int before = it.changes;
  CHECK(it.after(load, 400) == settled);
  CHECK(it.changes == before);
}

TEST_CASE("while workers come and go nothing is ordered, and what was seen is forgotten", "[scaler]") {
  world it({1, 8}, 2);
  it.look(2);
  it.look(2);
  CHECK_FALSE(it.look(2, false));
  CHECK_FALSE(it.look(2));
  CHECK_FALSE(it.look(2));
  CHECK(it.look(2));
}

TEST_CASE("a number outside its bounds is brought in at once", "[scaler]") {
  world it({2, 4}, 9);
  CHECK(it.target == 4);
  it.under_test.set({6, 8});
  CHECK(it.under_test.next_look() == time_point{});
  CHECK(it.look(0)->workers == 6);
  it.under_test.set({});
  CHECK_FALSE(it.look(0));
}

TEST_CASE("after a long gap, and of workers that are new, nothing is known", "[scaler]") {
  scaler it({1, 4});
  time_point now{24h};
  std::chrono::nanoseconds busy = 0s;
  for (int i = 0; i < 20; ++i) {
    CHECK_FALSE(it.look({{worker_id{1}, busy}}, 1, true, now));
    busy += 10s;
    now += 10s;
  }
  for (std::uint64_t id = 2; id < 20; ++id) {
    CHECK_FALSE(it.look({{worker_id{id}, 1000s}}, 1, true, now));
    now += 1s;
  }
}
