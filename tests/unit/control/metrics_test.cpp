// SPDX-License-Identifier: BSL-1.0
// The rules of the text format, as far as `promtool check metrics` looks at them, and what counts.
#include "control/render.hpp"

#include "sample.hpp"
#include "support/catch.hpp"

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

namespace {

struct scraped {
  std::map<std::string, std::string> types;
  std::map<std::string, double> samples;  ///< by name with labels
};

bool is_name(const std::string& text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) return false;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') return false;
  return true;
}

/// Reads an exposition and fails on whatever breaks its rules.
scraped scrape(const std::string& text) {
  scraped result;
  REQUIRE(text.ends_with('\n'));
  std::istringstream lines(text);
  std::string helped;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    std::istringstream words(line);
    std::string first;
    std::string second;
    std::string name;
    if (line.starts_with('#')) {
      words >> first >> second >> name;
      CHECK(is_name(name));
      if (second == "HELP") {
        helped = name;
        CHECK(line.ends_with('.'));
        continue;
      }
      REQUIRE(second == "TYPE");
      CHECK(name == helped);  // HELP and TYPE come together, once, before the samples
      CHECK(result.types.count(name) == 0);
      std::string type;
      words >> type;
      CHECK((type == "gauge" || type == "counter" || type == "histogram"));
      CHECK((type == "counter") == name.ends_with("_total"));
      family = name;
      result.types[name] = type;
      continue;
    }
    const auto space = line.rfind(' ');
    REQUIRE(space != line.npos);
    const std::string key = line.substr(0, space);
    std::string base = key.substr(0, key.find('{'));
    if (result.types[family] == "histogram")
      for (const char* ending : {"_bucket", "_sum", "_count"})
        if (base == family + ending) base = family;
    CHECK(base == family);
    CHECK(result.samples.count(key) == 0);
    char* end = nullptr;
    result.samples[key] = std::strtod(line.c_str() + space, &end);
    CHECK(*end == '\0');
  }
  return result;
}

}  // namespace

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
  scrape(metrics_text({}, {}));
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
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) return skipped("promtool is not installed");
  FILE* tool = ::popen("promtool check metrics", "w");
  REQUIRE(tool != nullptr);
  const std::string text = metrics_text(sample_status(), sample_measurements());
  std::fwrite(text.data(), 1, text.size(), tool);
  CHECK(::pclose(tool) == 0);
}
