// SPDX-License-Identifier: BSL-1.0
// What can be done to one worker, and what is kept of what happened.
#include "fixture.hpp"

#include <algorithm>

using namespace cluster;
using namespace cluster::test;
using namespace std::chrono_literals;

TEST_CASE("async_restart replaces one worker, its successor first", "[supervisor]") {
  supervised cluster(with_workers("good", 2));
  cluster.start();
  REQUIRE(cluster.run_until_ready(2));
  std::size_t fewest = 2;
  std::optional<error_code> result;
  std::optional<error_code> second;
  std::optional<error_code> unknown;
  cluster.on_event = [&](const event&) {
    if (!result) fewest = std::min(fewest, cluster.master.status().ready);
  };
  cluster.master.async_restart(worker_id{1}, [&](error_code ec) { result = ec; });
  cluster.master.async_restart(worker_id{1}, [&](error_code ec) { second = ec; });
  cluster.master.async_restart(worker_id{77}, [&](error_code ec) { unknown = ec; });
  REQUIRE(cluster.run_until([&] { return result && second && unknown; }));
  CHECK(*result == error_code());
  CHECK(*second == make_error_code(error::worker_unavailable));
  CHECK(*unknown == make_error_code(error::worker_unavailable));
  CHECK(fewest >= 2);
  const cluster_status now = cluster.master.status();
  REQUIRE(now.workers.size() == 2);
  CHECK(now.workers[0].id == worker_id{3});
  CHECK(now.workers[1].id == worker_id{2});
  REQUIRE(now.slots.size() == 2);
  CHECK(now.slots[0].starts == 2);
  REQUIRE(now.slots[0].exits.size() == 1);
  CHECK(now.slots[0].exits[0].worker == worker_id{1});
  CHECK(now.slots[0].exits[0].reason == exit_reason::recycled);
  CHECK(now.slots[0].cpu > 0us);
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("async_end drains one worker, and its slot gets another one", "[supervisor]") {
  supervised cluster(with_workers("good", 2));
  cluster.start();
  REQUIRE(cluster.run_until_ready(2));
  std::optional<error_code> result;
  cluster.master.async_end(worker_id{2}, [&](error_code ec) { result = ec; });
  REQUIRE(cluster.run_until([&] { return result.has_value(); }));
  CHECK(*result == error_code());
  REQUIRE(cluster.run_until_ready(2));
  const cluster_status now = cluster.master.status();
  CHECK(now.workers[1].id == worker_id{3});
  CHECK(now.slots[1].exits[0].reason == exit_reason::requested);
  CHECK(now.counters.exits[static_cast<std::size_t>(exit_reason::requested)] == 1);
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("events are numbered without gaps, and observers come and go", "[supervisor]") {
  supervised cluster(with_workers("good", 1));
  std::vector<std::uint64_t> seen;
  auto handle = cluster.master.observe([&](const event& what) { seen.push_back(what.sequence); });
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  const auto until_ready = seen.size();
  CHECK(until_ready == cluster.events.size());
  handle.reset();
  CHECK(cluster.stop() == error_code());
  CHECK(seen.size() == until_ready);
  for (std::size_t i = 0; i < cluster.events.size(); ++i) {
    CHECK(cluster.events[i].sequence == i + 1);
    CHECK(cluster.events[i].at.time_since_epoch() > 0s);
  }
}

TEST_CASE("what a living worker uses is read, a dead one uses nothing", "[supervisor]") {
  supervised cluster(with_workers("good", 1));
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  const auto usage = cluster.master.usage(worker_id{1}, true);
  REQUIRE(usage.has_value());
  CHECK(usage->rss_bytes > 100'000);
  CHECK(usage->pss_bytes > 0);
  CHECK(usage->pss_bytes <= usage->rss_bytes + 4096 * 64);
  CHECK_FALSE(cluster.master.usage(worker_id{9}).has_value());
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("a reload takes changed options for this one time, and status shows it under way", "[supervisor]") {
  supervised cluster(with_workers("good", 3));
  cluster.start();
  REQUIRE(cluster.run_until_ready(3));
  std::optional<reload_report> report;
  reload_changes changes;
  changes.max_surge = 3;
  cluster.master.async_reload(changes, [&](error_code, const reload_report& what) { report = what; });
  const auto under_way = cluster.master.status();
  REQUIRE(under_way.rollout.has_value());
  CHECK(under_way.rollout->slots_total == 3);
  CHECK(under_way.workers.size() == 6);  // all successors at once
  REQUIRE(cluster.run_until([&] { return report.has_value(); }));
  const auto after = cluster.master.status();
  CHECK_FALSE(after.rollout.has_value());
  REQUIRE(after.last_reload.has_value());
  CHECK(after.last_reload->to == report->to);
  CHECK(after.counters.reloads[static_cast<std::size_t>(reload_report::outcome::completed)] == 1);

  reload_changes wrong;
  wrong.max_surge = 0;
  std::optional<error_code> refused;
  cluster.master.async_reload(wrong, [&](error_code ec, const reload_report&) { refused = ec; });
  REQUIRE(cluster.run_until([&] { return refused.has_value(); }));
  CHECK(*refused == make_error_code(error::reload_failed));
  std::optional<error_code> scaled;
  cluster.master.async_reload([](error_code, const reload_report&) {});
  cluster.master.async_scale(2, [&](error_code ec) { scaled = ec; });
  REQUIRE(cluster.run_until([&] { return scaled.has_value(); }));
  CHECK(*scaled == make_error_code(error::reload_running));
  CHECK(cluster.stop() == error_code());
}
