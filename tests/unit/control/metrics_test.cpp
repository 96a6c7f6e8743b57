// SPDX-License-Identifier: BSL-1.0
// The rules of the text format, as far as `promtool check metrics` looks at them, and what counts.
#include "control/render.hpp"

#include "sample.hpp"
#include "support/catch.hpp"

#include <cctype>
#include <cstdlib>
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
      CHECK((type == "gauge" || type == "counter"));
      CHECK((type == "counter") == name.ends_with("_total"));
      family = name;
      result.types[name] = type;
      continue;
    }
    const auto space = line.rfind(' ');
    REQUIRE(space != line.npos);
    const std::string key = line.substr(0, space);
    CHECK(key.substr(0, key.find('{')) == family);
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
  scrape(metrics_text({}, {}));
}

TEST_CASE("counters do not go back when a worker is replaced") {
  cluster_status now = sample_status();
  const auto before = scrape(metrics_text(now, sample_measurements()));
  // Worker 3 ends: what it used moves from the measurement into the history of its slot.
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
