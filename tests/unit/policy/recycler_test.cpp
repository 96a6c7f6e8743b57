// SPDX-License-Identifier: BSL-1.0
// Which worker has served enough, and when that is looked at.
#include "policy/recycler.hpp"

#include "support/catch.hpp"

#include <set>

using namespace cluster;
using namespace cluster::policy;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;
const time_point start{24h};

recycle_reading requests(std::uint64_t id, std::uint64_t count) { return {{id}, count, 0, start}; }
recycle_reading memory(std::uint64_t id, std::uint64_t bytes) { return {{id}, 0, bytes, start}; }

}  // namespace

TEST_CASE("without limits nobody is ever replaced", "[recycler]") {
  recycler none{{}, 1};
  CHECK_FALSE(none.active());
  CHECK_FALSE(none.look({{{1}, ~0ULL, ~0ULL, start}}, true, start + 1000h));
}

TEST_CASE("a worker is replaced at nine to ten tenths of its limit, with the reason in words", "[recycler]") {
  const auto seed = GENERATE(range<std::uint64_t>(1, 20));
  recycler it{{.max_requests = 1000}, seed};
  CHECK(it.active());
  CHECK_FALSE(it.look({requests(1, 900)}, true, start));
  const auto found = it.look({requests(1, 1000)}, true, start + 1s);
  REQUIRE(found);
  CHECK(found->worker == worker_id{1});
  CHECK(found->why == "1000 requests of 1000");
}

TEST_CASE("workers that began together do not end together", "[recycler]") {
  recycler it{{.max_requests = 100'000}, 7};
  std::set<std::uint64_t> ends;
  for (std::uint64_t id = 1; id <= 8; ++id)
    for (std::uint64_t count = 90'000; count <= 100'000; count += 100)
      if (it.look({requests(id, count)}, true, start)) {
        ends.insert(count);
        break;
      }
  CHECK(ends.size() >= 6);
}

TEST_CASE("memory and age are limits like any other", "[recycler]") {
  recycler it{{.max_age = 1h, .max_rss = 200 * mib}, 3};
  CHECK_FALSE(it.look({memory(1, 170 * mib)}, true, start + 1min));
  const auto found = it.look({memory(1, 201 * mib)}, true, start + 1min);
  REQUIRE(found);
  CHECK(found->why == "201 MiB resident of 200 MiB, an age of 1 min of 60 min");
  CHECK_FALSE(it.look({memory(2, mib)}, true, start + 53min));
  CHECK(it.look({memory(2, mib)}, true, start + 60min));
}

TEST_CASE("the worst comes first, one at a time, and none while another is being replaced", "[recycler]") {
  recycler it{{.max_requests = 100}, 3};
  const std::vector<recycle_reading> all{requests(1, 150), requests(2, 400), requests(3, 10)};
  CHECK_FALSE(it.look(all, false, start));
  CHECK(it.look(all, true, start)->worker == worker_id{2});
  CHECK(it.look(all, true, start)->worker == worker_id{1});
  CHECK_FALSE(it.look(all, true, start + 5s));
  CHECK(it.look(all, true, start + 10s)->worker == worker_id{2});  // its successor has not come up
}

TEST_CASE("the next look comes the sooner the faster a limit comes nearer", "[recycler]") {
  recycler it{{.max_rss = 100 * mib}, 3};
  it.look({memory(1, 10 * mib)}, true, start);
  CHECK(it.next_look() == start + 2s);
  it.look({memory(1, 11 * mib)}, true, start + 1s);  // 1 MiB a second: far away
  CHECK(it.next_look() == start + 3s);
  it.look({memory(1, 61 * mib)}, true, start + 2s);  // 50 MiB a second: 0.6 s to 0.8 s are left
  CHECK(it.next_look() >= start + 2s + 280ms);
  CHECK(it.next_look() <= start + 2s + 390ms);
  it.look({memory(1, 89 * mib)}, true, start + 2100ms);
  CHECK(it.next_look() == start + 2150ms);  // never more often than this
  it.look({}, true, start + 3s);
  CHECK(it.next_look() == start + 5s);
}

TEST_CASE("an age alone is looked at when it is reached", "[recycler]") {
  recycler it{{.max_age = 30min}, 3};
  it.look({requests(1, 5)}, true, start + 1min);
  CHECK(it.next_look() >= start + 27min);
  CHECK(it.next_look() <= start + 30min);
  CHECK(it.look({requests(1, 5)}, true, it.next_look()));
}

TEST_CASE("what takes too much memory is ended at once, whatever else goes on", "[recycler]") {
  recycler it{{.max_rss = 100 * mib, .max_rss_hard = 200 * mib}, 5};
  CHECK(it.active());
  CHECK_FALSE(it.look({memory(1, 150 * mib)}, false, start));
  const auto gentle = it.look({memory(1, 150 * mib)}, true, start);
  REQUIRE(gentle);
  CHECK_FALSE(gentle->at_once);
  const auto found = it.look({memory(1, 250 * mib), memory(2, 10 * mib)}, false, start + 1s);
  REQUIRE(found);
  CHECK(found->at_once);
  CHECK(found->worker == worker_id{1});
  CHECK(found->why == "250 MiB resident of at most 200 MiB");
  recycler only_hard{{.max_rss_hard = 200 * mib}, 5};
  CHECK(only_hard.active());
  CHECK_FALSE(only_hard.look({memory(1, 199 * mib)}, true, start));
  // One that grows by 50 MiB a second is looked at before it is there.
  CHECK_FALSE(only_hard.look({memory(1, 100 * mib)}, true, start + 1s));
  CHECK_FALSE(only_hard.look({memory(1, 150 * mib)}, true, start + 2s));
  CHECK(only_hard.next_look() < start + 3s);
}
