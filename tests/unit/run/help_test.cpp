// SPDX-License-Identifier: BSL-1.0
#include "unit/run/reading.hpp"

#include <cluster/version.hpp>

#include <sstream>

using namespace cluster;
using namespace cluster::test;

namespace {

options described() {
  options defaults;
  defaults.name = "shop";
  defaults.version = "4.5.6";
  defaults.description = "Sells things.";
  return defaults;
}

}  // namespace

TEST_CASE("--help fits one screen, --help-all names every flag, both in 80 columns") {
  clean_environment environment;
  const command first = read({"--help"}, described());
  const command result = read({"--help-all"}, described());
  REQUIRE(first.to_do == what::print);
  REQUIRE(result.to_do == what::print);
  const auto lines_of = [](const std::string& text) {
    std::istringstream lines(text);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      INFO(line);
      CHECK(line.size() <= 80);
    }
    CHECK(text.back() == '\n');
    return count;
  };
  CHECK(lines_of(first.text) <= 24);
  CHECK(lines_of(result.text) > lines_of(first.text));
  for (const run_detail::setting& one : run_detail::settings()) {
    const std::string flag = "  --" + std::string(one.name) + " " + std::string(one.argument);
    INFO(flag);
    CHECK(contains(result.text, flag) == !one.help.empty());
    if (!one.help.empty()) CHECK(contains(result.text, std::string(one.help)));
  }
  for (const std::string& text : {first.text, result.text}) {
    for (const char* flag : {"--config FILE", "--check", "--version", "--help"}) CHECK(contains(text, flag));
    CHECK(contains(text, "Usage: shop"));
    CHECK(contains(text, "Sells things."));
    CHECK(contains(text, "CLUSTER_WORKERS=4"));
    CHECK(contains(text, "-- ARGUMENTS"));
  }
  for (const char* flag : {"--listen URI", "--workers N", "--help-all", "--control PATH"})
    CHECK(contains(first.text, flag));
}

TEST_CASE("--help and --version answer whatever else is right before them and in the environment") {
  clean_environment environment;
  environment.set("CLUSTER_WORKERS", "nonsense");
  CHECK(read({"--workers", "nonsense", "--help"}).to_do == what::print);
  CHECK(read({"-h"}).text == read({"--help"}).text);
  CHECK(read({"--version", "--nonsense"}).to_do == what::print);
}

TEST_CASE("--version names the program, the library and Boost on one line") {
  clean_environment environment;
  const std::string text = read({"--version"}, described()).text;
  INFO(text);
  CHECK(text.starts_with("shop 4.5.6 (cluster " CLUSTER_VERSION_STRING ", Boost 1."));
  CHECK(text.find('\n') == text.size() - 1);
  options unversioned;
  unversioned.name = "shop";
  CHECK(read({"--version"}, unversioned).text.starts_with("shop (cluster "));
}
