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
  recorder under_test;
  recorded() {
    under_test.set({[this](const traffic& now) { totals.push_back(now); },
                    [this](std::chrono::nanoseconds time, std::uint64_t count) {
                      latencies.push_back({time, count});
                    }});
  }
};

}  // namespace

TEST_CASE("requests take the time from their wake-up to the end of their turn", "[recorder]") {
  recorded it;
  it.under_test.begin_batch();
  spend(2ms);
  it.under_test.answered();
  it.under_test.answered();
  it.under_test.end_turn();
  it.under_test.end_turn();  // of a connection that had nothing to answer
  spend(2ms);
  it.under_test.answered();
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
  it.under_test.answered_late(began);
  REQUIRE(it.latencies.size() == 1);
  CHECK(it.latencies[0].requests == 1);
  CHECK(it.latencies[0].time >= 2ms);
}

TEST_CASE("without anybody who wants to know no clock is read", "[recorder]") {
  recorder quiet;
  quiet.begin_batch();
  quiet.answered();
  quiet.end_turn();
  quiet.end_batch({});
  CHECK(quiet.start() == recorder::clock::time_point{});
}
