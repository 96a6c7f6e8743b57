// SPDX-License-Identifier: BSL-1.0
#include "policy/restart.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <set>
#include <vector>

using namespace cluster;
using namespace cluster::policy;
using namespace std::chrono_literals;
using kind = restart_verdict::kind;

namespace {

const time_point t0{24h};

restart_policy plain() {
  restart_policy policy;
  policy.initial_delay = 100ms;
  policy.max_delay = 2000ms;
  policy.multiplier = 2;
  policy.jitter = 0;
  policy.max_failures = 0;
  return policy;
}

std::vector<std::int64_t> delays(const restart_policy& policy, std::size_t count, std::uint64_t seed = 1) {
  restart_control control{policy, seed};
  slot_failures slot;
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(control.failed(slot, 1, t0).delay.count());
  return all;
}

exit_status exit_with(int code) {
  exit_status status;
  status.how = exit_status::kind::exited;
  status.code = code;
  return status;
}

}  // namespace

TEST_CASE("the delay grows by the multiplier up to the cap", "[restart]") {
  CHECK(delays(plain(), 7) == std::vector<std::int64_t>{100, 200, 400, 800, 1600, 2000, 2000});
  auto policy = plain();
  policy.multiplier = 1;
  CHECK(delays(policy, 3) == std::vector<std::int64_t>{100, 100, 100});
  policy.multiplier = 1.5;
  CHECK(delays(policy, 3) == std::vector<std::int64_t>{100, 150, 225});
}

TEST_CASE("thousands of failures in a row stay at the cap", "[restart]") {
  CHECK(backoff_delay(plain(), 5000, 0.5) == 2000ms);
  auto policy = plain();
  policy.multiplier = 1e300;
  CHECK(backoff_delay(policy, 1000, 0.0) == 2000ms);
}

TEST_CASE("no initial delay means none at all", "[restart]") {
  auto policy = plain();
  policy.initial_delay = 0ms;
  CHECK(delays(policy, 4) == std::vector<std::int64_t>{0, 0, 0, 0});
}

TEST_CASE("a verdict names the exact moment at which the delay is over", "[restart]") {
  restart_control control{plain(), 1};
  slot_failures slot;
  const auto verdict = control.failed(slot, 1, t0 + 3ns);
  REQUIRE(verdict.due.has_value());
  CHECK(*verdict.due == t0 + 3ns + 100ms);
}

TEST_CASE("jitter stays in its bounds, below the cap, and uses its range", "[restart]") {
  auto policy = plain();
  policy.jitter = 0.2;
  std::vector<std::int64_t> first;
  std::vector<std::int64_t> at_cap;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const auto all = delays(policy, 7, seed);
    first.push_back(all[0]);
    at_cap.push_back(all[6]);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto base = std::min<std::int64_t>(2000, 100 << i);
      INFO("seed " << seed << ", failure " << i + 1 << ": " << all[i]);
      REQUIRE(all[i] >= base * 8 / 10);
      REQUIRE(all[i] <= std::min<std::int64_t>(2000, base * 12 / 10));
    }
  }
  CHECK(*std::min_element(first.begin(), first.end()) <= 81);
  CHECK(*std::max_element(first.begin(), first.end()) >= 119);
  // At the cap too: slots that fail for long must not move in step.
  CHECK(*std::min_element(at_cap.begin(), at_cap.end()) < 1620);
  CHECK(std::count(at_cap.begin(), at_cap.end(), 2000) < 100);
}

TEST_CASE("full jitter spreads from zero to twice the delay", "[restart]") {
  auto policy = plain();
  policy.jitter = 1;
  CHECK(backoff_delay(policy, 1, 0.0) == 0ms);
  CHECK(backoff_delay(policy, 1, 0.5) == 100ms);
  CHECK(backoff_delay(policy, 1, 1.0) == 200ms);
}

TEST_CASE("the same seed gives the same delays, another one others", "[restart]") {
  auto policy = plain();
  policy.jitter = 0.5;
  policy.max_delay = 1h;
  CHECK(delays(policy, 10, 7) == delays(policy, 10, 7));
  std::set<std::vector<std::int64_t>> different;
  for (std::uint64_t seed = 0; seed < 100; ++seed) different.insert(delays(policy, 10, seed));
  CHECK(different.size() == 100);
}

TEST_CASE("health is counted from ready", "[restart]") {
  auto policy = plain();
  policy.min_uptime = 1000ms;
  const restart_control control{policy, 0};
  CHECK_FALSE(control.healthy(std::nullopt));
  CHECK_FALSE(control.healthy(1s - 1ns));
  CHECK(control.healthy(1s));
  policy.min_uptime = 0ms;
  const restart_control lenient{policy, 0};
  CHECK_FALSE(lenient.healthy(std::nullopt));
  CHECK(lenient.healthy(0ns));
}

TEST_CASE("only a listed exit code retires, a signal of that number does not", "[restart]") {
  auto policy = plain();
  policy.no_restart_codes = {0, 9};
  const restart_control control{policy, 0};
  CHECK(control.retires(exit_with(0)));
  CHECK(control.retires(exit_with(9)));
  CHECK_FALSE(control.retires(exit_with(1)));
  CHECK_FALSE(control.retires(exit_status{}));
  exit_status killed;
  killed.how = exit_status::kind::signalled;
  killed.signal = 9;
  CHECK_FALSE(control.retires(killed));
}

TEST_CASE("the slot's limit trips at the failure that reaches it", "[restart]") {
  auto policy = plain();
  policy.max_failures = 3;
  policy.max_failures_cluster = 100;
  policy.rest = 5s;
  restart_control control{policy, 0};
  slot_failures slot;
  CHECK(control.failed(slot, 4, t0).what == kind::wait);
  const auto second = control.failed(slot, 4, t0);
  CHECK(second.what == kind::wait);
  CHECK(second.failures == 2);
  CHECK(second.limit == 3);
  const auto third = control.failed(slot, 4, t0 + 1s);
  CHECK(third.what == kind::rest_slot);
  CHECK(third.failures == 3);
  CHECK(third.delay == 5s);
  CHECK(third.due == t0 + 6s);
  slot_failures other;
  CHECK(control.failed(other, 4, t0 + 1s).what == kind::wait);
}

TEST_CASE("failures slide out of the window one by one", "[restart]") {
  auto policy = plain();
  policy.max_failures = 3;
  policy.max_failures_cluster = 100;
  policy.window = 10s;
  restart_control control{policy, 0};
  slot_failures slot;
  CHECK(control.failed(slot, 1, t0).failures == 1);
  CHECK(control.failed(slot, 1, t0 + 5s).failures == 2);
  CHECK(control.failed(slot, 1, t0 + 10s).failures == 2);  // the first one is 10 s old: out
  CHECK(control.failed(slot, 1, t0 + 15s).failures == 2);
  CHECK(control.failed(slot, 1, t0 + 25s - 1ns).failures == 2);
  CHECK(control.failed(slot, 1, t0 + 25s - 1ns).what == kind::rest_slot);
}

TEST_CASE("zero switches the limits off and nothing is stored", "[restart]") {
  restart_control control{plain(), 0};
  slot_failures slot;
  for (int i = 0; i < 10000; ++i) {
    const auto verdict = control.failed(slot, 1, t0);
    REQUIRE(verdict.what == kind::wait);
    REQUIRE(verdict.limit == 0);
  }
  CHECK(slot.window.size() == 0);
}

TEST_CASE("the cluster's limit is the slot's times the workers unless given", "[restart]") {
  auto policy = plain();
  policy.max_failures = 2;
  policy.rest = 5s;
  restart_control control{policy, 0};
  std::vector<slot_failures> slots(4);
  for (std::size_t i = 0; i < 3; ++i) CHECK(control.failed(slots[i], 2, t0).what == kind::wait);
  const auto fourth = control.failed(slots[3], 2, t0);
  CHECK(fourth.what == kind::rest_cluster);
  CHECK(fourth.limit == 4);
  CHECK(fourth.failures == 4);
}

TEST_CASE("a limit of the cluster alone works without one of the slots", "[restart]") {
  auto policy = plain();
  policy.max_failures_cluster = 2;
  restart_control control{policy, 0};
  slot_failures slot;
  CHECK(control.failed(slot, 9, t0).what == kind::wait);
  CHECK(control.failed(slot, 9, t0).what == kind::rest_cluster);
}

TEST_CASE("who fails while the cluster rests joins for what is left, then all is clean", "[restart]") {
  auto policy = plain();
  policy.max_failures_cluster = 2;
  policy.rest = 5s;
  restart_control control{policy, 0};
  slot_failures one;
  slot_failures two;
  control.failed(one, 2, t0);
  CHECK(control.failed(one, 2, t0).what == kind::rest_cluster);
  const auto late = control.failed(two, 2, t0 + 2s + 1us);
  CHECK(late.what == kind::rest_cluster);
  CHECK(late.delay == 3s);  // rounded up
  CHECK(late.due == t0 + 5s);
  CHECK(control.failed(two, 2, t0 + 5s).what == kind::wait);
  CHECK(control.failed(two, 2, t0 + 5s).what == kind::rest_cluster);
}

TEST_CASE("a rest of zero lasts until it is ended", "[restart]") {
  auto policy = plain();
  policy.max_failures_cluster = 1;
  policy.rest = 0ms;
  restart_control control{policy, 0};
  slot_failures slot;
  const auto verdict = control.failed(slot, 1, t0);
  CHECK(verdict.what == kind::rest_cluster);
  CHECK(verdict.delay == 0ms);
  CHECK_FALSE(verdict.due.has_value());
  CHECK_FALSE(control.failed(slot, 1, t0 + 10000h).due.has_value());
  control.end_cluster_rest();
  CHECK(control.failed(slot, 1, t0 + 10000h).failures == 1);
}

TEST_CASE("spans beyond the clock's range end at its last moment", "[restart]") {
  CHECK(after(t0, std::chrono::milliseconds::max()) == time_point::max());
  CHECK(after(t0, 1ms) == t0 + 1ms);
  auto policy = plain();
  policy.max_failures = 2;
  policy.window = std::chrono::milliseconds::max();
  restart_control control{policy, 0};
  slot_failures slot;
  CHECK(control.failed(slot, 5, t0).what == kind::wait);
  CHECK(control.failed(slot, 5, t0 + 1h).what == kind::rest_slot);
}
