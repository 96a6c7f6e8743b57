// SPDX-License-Identifier: BSL-1.0
#include "control/render.hpp"

#include "sample.hpp"
#include "support/catch.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

using namespace cluster;
using namespace cluster::control;
using namespace cluster::test;
using namespace std::chrono_literals;

TEST_CASE("status says what there is") {
  const auto json = boost::json::parse(status_json(sample_status(), sample_measurements()));
  CHECK(json.at("name").as_string() == "api");
  CHECK(json.at("state").as_string() == "running");
  CHECK(json.at("uptime_s").as_double() == Approx(3723.5));
  CHECK(json.at("generation").as_int64() == 7);
  CHECK(json.at("listeners").at(0).at("uri").as_string() == "tcp://127.0.0.1:8080");
  CHECK(json.at("listeners").at(0).at("name").as_string() == "tcp-0");
  CHECK(json.at("rollout").at("slots_done").as_int64() == 1);
  CHECK(json.at("last_reload").is_null());
  const auto& worker = json.at("workers").at(0);
  CHECK(worker.at("id").as_int64() == 3);
  CHECK(worker.at("state").as_string() == "ready");
  CHECK(worker.at("cpu_percent").as_double() == Approx(40.3));
  CHECK(worker.at("rss_bytes").as_int64() == 18 * 1024 * 1024);
  CHECK(worker.at("requests").as_int64() == 1000);
  CHECK(worker.at("connections").as_int64() == 5);
  CHECK(worker.at("requests_per_s").as_double() == Approx(12.3));
  CHECK(worker.at("p50_us").as_int64() == 112);
  CHECK_FALSE(json.at("workers").at(1).as_object().contains("p50_us"));  // it had no request
  CHECK(json.at("totals").at("requests").as_int64() == 5000);
  const auto& last = worker.at("last_exit");
  CHECK(last.at("status").as_string() == "signal 11 (SIGSEGV), core dumped");
  CHECK(last.at("reason").as_string() == "signalled");
  CHECK(last.at("signal").as_int64() == 11);
  CHECK(last.at("exit_code").is_null());
  CHECK(last.at("at").as_string() == "2023-11-14T22:13:20.123Z");
  CHECK(json.at("workers").at(1).at("last_exit").is_null());
  CHECK(json.at("counters").at("exits").at("signalled").as_int64() == 1);
  CHECK(json.at("counters").at("reloads").at("completed").as_int64() == 5);
}

TEST_CASE("what was not measured is left out, never made up") {
  const auto json = boost::json::parse(status_json(sample_status(), {}));
  const auto& worker = json.at("workers").at(0).as_object();
  for (const char* name :
       {"cpu_percent", "busy_percent", "requests_per_s", "rss_bytes", "pss_bytes", "heartbeat_age_ms"})
    CHECK_FALSE(worker.contains(name));
}

TEST_CASE("the state of the whole") {
  cluster_status now = sample_status();
  CHECK(state_of(now) == "running");
  now.stopping = true;
  CHECK(state_of(now) == "stopping");
  now.workers.clear();
  CHECK(state_of(now) == "stopped");
  cluster_status fresh;
  fresh.target = 2;
  CHECK(state_of(fresh) == "starting");
}

TEST_CASE("readiness gives its reason") {
  cluster_status now = sample_status();
  CHECK(readiness_of(now).ready);
  CHECK(readiness_of(now).alive);
  now.ready = 0;
  for (worker_status& each : now.workers) each.state = worker_state::starting;
  CHECK_FALSE(readiness_of(now).ready);
  CHECK(readiness_of(now).alive);
  CHECK(readiness_of(now).reason == "no worker is ready, 0 of 2 workers");
  now.workers.clear();
  CHECK_FALSE(readiness_of(now).alive);
  CHECK(readiness_of(now).reason == "no worker runs, 0 of 2 workers");
  now = sample_status();
  now.stopping = true;
  CHECK_FALSE(readiness_of(now).ready);
  CHECK(readiness_of(now).alive);  // a probe must not kill it in the middle of its drain
  CHECK(readiness_of(now).reason == "the cluster is stopping");
}

TEST_CASE("an event is one block of the stream, whatever its text holds") {
  event what;
  what.kind = event_kind::exited;
  what.sequence = 12;
  what.worker = {3};
  what.slot = {0};
  what.status = {exit_status::kind::exited, 3, 0, false};
  what.reason = exit_reason::crashed;
  what.text = "line\n\ndata: forged \xff";
  const std::string block = event_block(what, "cafe");
  CHECK(block.starts_with("id: cafe:12\nevent: exited\ndata: {"));
  CHECK(block.ends_with("}\n\n"));
  CHECK(std::count(block.begin(), block.end(), '\n') == 4);
  const auto json = boost::json::parse(event_json(what));
  CHECK(json.at("exit_code").as_int64() == 3);
  CHECK(json.at("slot").as_int64() == 0);
  event cluster_wide;
  cluster_wide.kind = event_kind::stopping;
  CHECK_FALSE(boost::json::parse(event_json(cluster_wide)).as_object().contains("slot"));
}

TEST_CASE("a report says how a reload ended") {
  reload_report report;
  report.how = reload_report::outcome::rolled_back;
  report.to = {8};
  report.stage = "start";
  report.reason = "worker 9 in slot 0: exit code 1";
  const auto json = boost::json::parse(report_json(report));
  CHECK(json.at("id").as_int64() == 8);
  CHECK(json.at("outcome").as_string() == "rolled_back");
  CHECK(json.at("reason").as_string() == "worker 9 in slot 0: exit code 1");
}

TEST_CASE("rates are those between two looks, at first those since the start") {
  rate_meter meter;
  const rate_meter::clock::time_point zero{std::chrono::hours(1)};
  measured seen;
  meter.measure({1}, {1s, 2s, 100}, 10s, zero, seen);
  CHECK(*seen.cpu_percent == Approx(10.0));
  CHECK(*seen.busy_percent == Approx(20.0));
  CHECK(*seen.requests_per_s == Approx(10.0));
  // Too soon for a look of its own: still since the start.
  meter.measure({1}, {1s + 100ms, 2s, 100}, 10s, zero + 100ms, seen);
  CHECK(*seen.cpu_percent == Approx(100.0 * 1.1 / 10.1));
  meter.measure({1}, {3s, 2s, 500}, 14s, zero + 4s, seen);
  CHECK(*seen.cpu_percent == Approx(50.0));
  CHECK(*seen.busy_percent == Approx(0.0));
  CHECK(*seen.requests_per_s == Approx(100.0));
  meter.measure({1}, {3s, 2s, 500}, 16s, zero + 6s, seen);
  CHECK(*seen.cpu_percent == Approx(0.0));
  cluster_status none;
  meter.keep_only(none);
  CHECK(meter.size() == 0);
}
