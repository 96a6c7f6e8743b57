// SPDX-License-Identifier: BSL-1.0
#include "http/recorder.hpp"
#include "support/catch.hpp"

#include <vector>

using namespace cluster;
using namespace cluster::http;
using namespace std::chrono_literals;

namespace {

void spend(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) continue;
}

struct recorded {
  struct latency {
    std::chrono::nanoseconds time;
    std::uint64_t requests;
  };
  std::vector<traffic> totals;
  std::vector<latency> latencies;
  std::vector<std::pair<std::size_t, route_numbers>> shown;
  recorder under_test;
  recorded() {
    under_test.set({[this](const traffic& now) { totals.push_back(now); },
                    [this](std::chrono::nanoseconds time, std::uint64_t count) {
                      latencies.push_back({time, count});
                    },
                    [this](std::size_t place, const route_numbers& now) { shown.emplace_back(place, now); },
                    4});
  }
};

}  // namespace

TEST_CASE("requests take the time from their wake-up to the end of their turn", "[recorder]") {
  recorded it;
  it.under_test.begin_batch();
  spend(2ms);
  it.under_test.answered(2);
  it.under_test.answered(2);
  it.under_test.end_turn();
  it.under_test.end_turn();  // of a connection that had nothing to answer
  spend(2ms);
  it.under_test.answered(2);
  it.under_test.end_turn();
  server_counters counters;
  counters.open = 3;
  counters.accepted = 4;
  counters.requests = 3;
  counters.server_errors = 1;
  counters.bytes_received = 5;
  counters.bytes_sent = 6;
  it.under_test.end_batch(counters);
  REQUIRE(it.latencies.size() == 2);
  CHECK(it.latencies[0].requests == 2);
  CHECK(it.latencies[0].time >= 2ms);
  CHECK(it.latencies[1].requests == 1);
  CHECK(it.latencies[1].time >= 4ms);
  REQUIRE(it.totals.size() == 1);
  CHECK(it.totals[0].connections == 3);
  CHECK(it.totals[0].accepted == 4);
  CHECK(it.totals[0].requests == 3);
  CHECK(it.totals[0].errors == 1);
  CHECK(it.totals[0].bytes_received == 5);
  CHECK(it.totals[0].bytes_sent == 6);
  CHECK(it.totals[0].busy >= 4ms);
}

TEST_CASE("a request that is answered later has its own time", "[recorder]") {
  recorded it;
  it.under_test.begin_batch();
  const auto began = it.under_test.start();
  it.under_test.end_turn();
  it.under_test.end_batch({});
  spend(2ms);
  it.under_test.answered_late(2, began);
  REQUIRE(it.latencies.size() == 1);
  CHECK(it.latencies[0].requests == 1);
  CHECK(it.latencies[0].time >= 2ms);
}

TEST_CASE("without anybody who wants to know no clock is read", "[recorder]") {
  recorder quiet;
  quiet.begin_batch();
  quiet.answered(2);
  quiet.end_turn();
  quiet.end_batch({});
  CHECK(quiet.start() == recorder::clock::time_point{});
}

TEST_CASE("answers are counted by route and shown once a batch", "[recorder]") {
  recorded it;
  it.under_test.begin_batch();
  for (int i = 0; i < 3; ++i) {
    it.under_test.counted(2, 200);
    it.under_test.answered(2);
  }
  it.under_test.counted(0, 404);
  it.under_test.answered(0);
  spend(1ms);
  it.under_test.end_turn();
  it.under_test.counted(77, 500);  // beyond the places: with the others
  it.under_test.answered(77);
  it.under_test.end_turn();
  CHECK(it.shown.empty());
  it.under_test.end_batch({});
  REQUIRE(it.shown.size() == 3);
  CHECK(it.shown[0].first == 2);
  CHECK(it.shown[0].second.answers == std::array<std::uint64_t, 5>{0, 3, 0, 0, 0});
  CHECK(it.shown[0].second.timed == 3);
  CHECK(it.shown[0].second.time >= 3ms);
  CHECK(it.shown[1].first == 0);
  CHECK(it.shown[1].second.answers[3] == 1);
  CHECK(it.shown[2].first == 1);
  CHECK(it.shown[2].second.answers[4] == 1);
  it.under_test.begin_batch();
  it.under_test.end_batch({});
  CHECK(it.shown.size() == 3);
}

TEST_CASE("an answer between two batches is shown at once", "[recorder]") {
  recorded it;
  it.under_test.begin_batch();
  const auto began = it.under_test.start();
  it.under_test.end_batch({});
  spend(1ms);
  it.under_test.answered_late(3, began);
  it.under_test.counted(3, 503);
  REQUIRE(it.shown.size() == 1);
  CHECK(it.shown[0].first == 3);
  CHECK(it.shown[0].second.answers[4] == 1);
  CHECK(it.shown[0].second.timed == 1);
  CHECK(it.shown[0].second.time >= 1ms);
}

TEST_CASE("time between two batches is no work, and no request waited through it", "[recorder]") {
  recorded it;
  it.under_test.begin_batch();
  spend(1ms);
  it.under_test.end_batch({});
  spend(50ms);
  it.under_test.begin_batch();
  it.under_test.answered(2);
  it.under_test.end_turn();
  it.under_test.end_batch({});
  REQUIRE(it.totals.size() == 2);
  CHECK(it.totals[0].busy >= 1ms);
  CHECK(it.totals[1].busy < 50ms);
  REQUIRE(it.latencies.size() == 1);
  CHECK(it.latencies[0].time < 50ms);
}
