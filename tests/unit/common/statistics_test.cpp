// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <cluster/statistics.hpp>

using namespace cluster;
using namespace std::chrono_literals;

TEST_CASE("every time is below the bound of its bucket and not below the one before", "[statistics]") {
  for (std::int64_t us = 0; us < 300'000'000; us += us < 5000 ? 1 : us / 97) {
    const std::size_t bucket = latency_histogram::bucket_of(std::chrono::microseconds(us));
    INFO(us << " us in bucket " << bucket);
    REQUIRE(bucket < latency_histogram::size);
    if (bucket + 1 != latency_histogram::size)
      REQUIRE(std::chrono::microseconds(us) < latency_histogram::upper_bound(bucket));
    if (bucket != 0) REQUIRE(std::chrono::microseconds(us) >= latency_histogram::upper_bound(bucket - 1));
  }
  CHECK(latency_histogram::bucket_of(-5s) == 0);
  CHECK(latency_histogram::bucket_of(std::chrono::nanoseconds::max()) == latency_histogram::size - 1);
}

TEST_CASE("a quantile is the bound of the bucket that reaches it", "[statistics]") {
  latency_histogram times;
  CHECK(times.quantile(0.5) == 0us);
  times.counts[latency_histogram::bucket_of(100us)] = 98;
  times.counts[latency_histogram::bucket_of(7ms)] = 2;
  CHECK(times.count() == 100);
  CHECK(times.quantile(0.5) == 112us);
  CHECK(times.quantile(0.98) == 112us);
  CHECK(times.quantile(0.99) == 7168us);
  CHECK(times.quantile(7.0) == 7168us);
  CHECK(times.quantile(-1.0) == 112us);
}

TEST_CASE("numbers of workers that are gone add up, all but their open connections", "[statistics]") {
  traffic all{.connections = 3,
              .accepted = 10,
              .requests = 20,
              .errors = 1,
              .bytes_received = 5,
              .bytes_sent = 6,
              .busy = 7ns};
  all += traffic{.connections = 9,
                 .accepted = 1,
                 .requests = 2,
                 .errors = 3,
                 .bytes_received = 4,
                 .bytes_sent = 5,
                 .busy = 6ns};
  CHECK(all.connections == 3);
  CHECK(all.accepted == 11);
  CHECK(all.requests == 22);
  CHECK(all.errors == 4);
  CHECK(all.bytes_received == 9);
  CHECK(all.bytes_sent == 11);
  CHECK(all.busy == 13ns);
  latency_histogram some;
  some.counts[3] = 2;
  some.sum = 8us;
  latency_histogram more = some;
  more += some;
  CHECK(more.counts[3] == 4);
  CHECK(more.sum == 16us);
}
