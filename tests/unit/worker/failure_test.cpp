// SPDX-License-Identifier: BSL-1.0
#include "unit/worker/supervised.hpp"
#include "worker/failure_budget.hpp"

using namespace cluster;
using namespace cluster::test;
using std::chrono::milliseconds;

TEST_CASE("ten failures a second are reported and the next report counts the others") {
  failure_budget budget;
  const std::chrono::steady_clock::time_point start{std::chrono::hours(1)};
  for (unsigned i = 0; i < failure_budget::per_second; ++i)
    CHECK(budget.spend(start + milliseconds(i)) == std::optional<std::uint64_t>(0));
  for (int i = 0; i < 25; ++i) CHECK(budget.spend(start + milliseconds(500)) == std::nullopt);
  CHECK(budget.spend(start + milliseconds(999)) == std::nullopt);
  CHECK(budget.spend(start + milliseconds(1000)) == std::optional<std::uint64_t>(26));
  CHECK(budget.spend(start + milliseconds(1001)) == std::optional<std::uint64_t>(0));
}

TEST_CASE("a long pause does not save up a burst") {
  failure_budget budget;
  const std::chrono::steady_clock::time_point start{std::chrono::hours(1)};
  budget.spend(start);
  unsigned reported = 0;
  for (int i = 0; i < 100; ++i)
    if (budget.spend(start + std::chrono::hours(1))) ++reported;
  CHECK(reported == failure_budget::per_second);
}

TEST_CASE("a worker reports failures of its handlers at a bounded rate") {
  supervised it;
  for (int i = 0; i < 1000; ++i) it.self->report_failure("GET /", "out of cheese " + std::to_string(i));
  it.run();
  std::uint64_t heard = 0;
  while (const auto what = it.channel.hear()) {
    const auto& failure = std::get<ipc::handler_failure>(*what);
    CHECK(failure.where == "GET /");
    if (heard < failure_budget::per_second) CHECK(failure.what == "out of cheese " + std::to_string(heard));
    ++heard;
  }
  // The loop above may cross the border of a second, on a slow machine several.
  CHECK(heard >= failure_budget::per_second);
  CHECK(heard < 500);
}

TEST_CASE("a report of any length is sent") {
  supervised it;
  it.self->report_failure(std::string(100'000, 'w'), std::string(1'000'000, 'x'));
  CHECK(it.channel.hear_a<ipc::handler_failure>().what.size() == 4096);
}
