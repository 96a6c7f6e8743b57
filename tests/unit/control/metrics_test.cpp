// SPDX-License-Identifier: BSL-1.0
// The rules of the text format, as far as `promtool check metrics` looks at them, and what counts.
#include "control/render.hpp"

#include "sample.hpp"
#include "support/catch.hpp"
#include "support/exposition.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

using namespace cluster;
using namespace cluster::control;
using namespace cluster::test;
using namespace std::chrono_literals;

TEST_CASE("metrics keep to the text format") {
  const auto seen = scrape(metrics_text(sample_status(), sample_measurements()));
  CHECK(seen.samples.at("cluster_workers_target") == 2);
  CHECK(seen.samples.at("cluster_ready") == 1);
  CHECK(seen.samples.at("cluster_workers{state=\"ready\"}") == 2);
  CHECK(seen.samples.at("cluster_workers{state=\"draining\"}") == 1);
  CHECK(seen.samples.at("cluster_worker_exits_total{reason=\"signalled\"}") == 1);
  CHECK(seen.samples.at("cluster_reloads_total{outcome=\"completed\"}") == 5);
  CHECK(seen.samples.at("cluster_reload_running") == 1);
  CHECK(seen.samples.at("cluster_slot_cpu_seconds_total{slot=\"0\"}") == Approx(4.0));
  CHECK(seen.samples.at("cluster_slot_cpu_seconds_total{slot=\"1\"}") == Approx(0.75));
  CHECK(seen.samples.at("cluster_slot_resident_memory_bytes{slot=\"1\"}") == 3 * 1024 * 1024);
  CHECK(seen.samples.at("cluster_requests_total") == 5000);
  CHECK(seen.samples.at("cluster_slot_requests_total{slot=\"0\"}") == 5000);
  CHECK(seen.samples.at("cluster_slot_connections{slot=\"0\"}") == 5);
  CHECK(seen.samples.at("cluster_slot_busy_seconds_total{slot=\"0\"}") == Approx(2));
  CHECK(seen.samples.at("cluster_http_requests_total{route=\"GET /todos/{id}\",status=\"2xx\"}") == 4900);
  CHECK(seen.samples.at("cluster_http_requests_total{route=\"GET /todos/{id}\",status=\"4xx\"}") == 50);
  CHECK(seen.samples.count("cluster_http_requests_total{route=\"GET /todos/{id}\",status=\"5xx\"}") == 0);
  CHECK(seen.samples.at("cluster_http_requests_total{route=\"none\",status=\"2xx\"}") == 0);
  CHECK(seen.samples.at("cluster_http_route_duration_seconds_sum{route=\"GET /todos/{id}\"}") == Approx(99));
  CHECK(seen.samples.at("cluster_http_route_duration_seconds_count{route=\"GET /todos/{id}\"}") == 4950);
  CHECK(seen.samples.at("cluster_workers_bound{bound=\"max\"}") == 6);
  scrape(metrics_text({}, {}));
}

TEST_CASE("the check of the text format finds what is wrong with labels") {
  for (const char* fine : {"", "{a=\"1\"}", R"({a="x{}\"\\\n",b_2=","})"}) CHECK(labels_are_fine(fine));
  for (const char* wrong : {"{}", "{a=1}", "{a=\"1\",}", "{a=\"1\"", "{a=\"1\",a=\"2\"}", R"({a="\x"})",
                            "{1=\"1\"}", R"({a="1"b="2"})", "a=\"1\"}"})
    CHECK_FALSE(labels_are_fine(wrong));
}

TEST_CASE("the histogram sums up, ends with all, and its bounds are powers of two") {
  const auto seen = scrape(metrics_text(sample_status(), {}));
  double before = 0;
  int buckets = 0;
  std::map<double, double> by_bound;
  for (const auto& [name, count] : seen.samples) {
    if (!name.starts_with("cluster_request_duration_seconds_bucket{le=\"")) continue;
    by_bound[std::strtod(name.c_str() + 44, nullptr)] = count;  // "+Inf" reads as infinity
    ++buckets;
  }
  for (const auto& [bound, count] : by_bound) {
    CHECK(count >= before);
    before = count;
  }
  CHECK(buckets == 27);
  CHECK(by_bound.count(0.000128) == 1);
  CHECK(by_bound.at(0.000128) == 1000);
  CHECK(before == 5000);
  CHECK(seen.samples.at("cluster_request_duration_seconds_count") == 5000);
  CHECK(seen.samples.at("cluster_request_duration_seconds_sum") == Approx(120.1));
}

TEST_CASE("counters do not go back when a worker is replaced") {
  cluster_status now = sample_status();
  const auto before = scrape(metrics_text(now, sample_measurements()));
  // Worker 3 ends: what it used moves from the measurement into the history of its slot.
  now.slots[0].traffic += now.workers[0].statistics;
  now.workers.erase(now.workers.begin());
  now.slots[0].cpu += 2510ms;
  const auto after = scrape(metrics_text(now, sample_measurements()));
  for (const auto& [name, value] : before.samples) {
    if (!name.substr(0, name.find('{')).ends_with("_total")) continue;
    INFO(name);
    REQUIRE(after.samples.count(name) == 1);
    CHECK(after.samples.at(name) >= value);
  }
}

TEST_CASE("label values are escaped") {
  cluster_status now = sample_status();
  now.version = "1.0 \"beta\"\\\n";
  CHECK(metrics_text(now, {}).find(R"(version="1.0 \"beta\"\\\n")") != std::string::npos);
}

TEST_CASE("the dashboard asks for metrics that there are") {
  std::ifstream file(CLUSTER_TEST_SOURCE_DIR "/examples/deploy/grafana-dashboard.json");
  std::ostringstream text;
  text << file.rdbuf();
  const auto board = boost::json::parse(text.str());
  const std::string all = metrics_text(sample_status(), sample_measurements());
  std::size_t asked = 0;
  for (const auto& panel : board.at("panels").as_array())
    for (const auto& target : panel.at("targets").as_array()) {
      std::string query(target.at("expr").as_string());
      for (std::size_t at = 0; (at = query.find("cluster_", at)) != query.npos; ++asked) {
        const std::size_t end = query.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at);
        const std::string name = query.substr(at, end - at);
        INFO(name);
        CHECK((all.find("\n" + name + " ") != all.npos || all.find("\n" + name + "{") != all.npos));
        at = end;
      }
    }
  CHECK(asked > 10);
}

TEST_CASE("promtool finds nothing to complain about", "[promtool]") {
  if (!promtool_agrees(metrics_text(sample_status(), sample_measurements())))
    return skipped("promtool is not installed");
}
