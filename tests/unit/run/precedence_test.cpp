// SPDX-License-Identifier: BSL-1.0
#include "unit/run/reading.hpp"

#include <algorithm>

using namespace cluster;
using namespace cluster::test;

namespace {

void check_setting(const setting_case& one) {
  INFO("setting " << one.name);
  clean_environment environment;
  const scratch_folder folder;
  const std::string file = folder / "app.json";
  const std::string variable = run_detail::environment_name(one.name);
  write_file(file, "{\"" + one.name + "\": " + one.json + "}");
  options defaults;
  const std::string by_default = shown(defaults, one.name);

  CHECK(shown(served({}), one.name) == by_default);
  CHECK(shown(served({"--config", file}), one.name) == one.from_json);
  environment.set(variable, one.environment);
  CHECK(shown(served({}), one.name) == one.from_environment);
  CHECK(shown(served({"--config", file}), one.name) == one.from_environment);
  if (one.flag.empty()) {
    CHECK(contains(refused({"--" + one.name, "1"}), "--" + one.name));
    return;
  }
  for (const std::vector<std::string>& form : {std::vector<std::string>{"--" + one.name, one.flag},
                                               std::vector<std::string>{"--" + one.name + "=" + one.flag}}) {
    CHECK(shown(served(form), one.name) == one.from_flag);
    std::vector<std::string> with_file = form;
    with_file.insert(with_file.begin(), {"--config", file});
    CHECK(shown(served(with_file), one.name) == one.from_flag);
    with_file = form;  // the order on the line does not matter
    with_file.insert(with_file.end(), {"--config=" + file});
    CHECK(shown(served(with_file), one.name) == one.from_flag);
  }
}

}  // namespace

TEST_CASE("the table of this test knows every setting, and which of them are flags") {
  std::vector<std::string> known;
  for (const setting_case& each : setting_cases()) known.push_back(each.name);
  for (const run_detail::setting& one : run_detail::settings()) {
    const auto found = std::ranges::find(setting_cases(), std::string(one.name), &setting_case::name);
    INFO("setting " << one.name);
    REQUIRE(found != setting_cases().end());
    CHECK(found->flag.empty() == one.help.empty());
  }
  CHECK(known.size() == run_detail::settings().size());
}

TEST_CASE("each setting is read from file, environment and flag, each over the one before") {
  for (const setting_case& each : setting_cases()) check_setting(each);
}

TEST_CASE("one setting leaves all others at their defaults") {
  clean_environment environment;
  const options changed = served({"--workers", "7"});
  for (const run_detail::setting& one : run_detail::settings())
    if (one.name != "workers")
      CHECK(shown(changed, std::string(one.name)) == shown({}, std::string(one.name)));
}

TEST_CASE("the program's own defaults stand where nothing is said") {
  clean_environment environment;
  options defaults;
  defaults.name = "shop";
  defaults.workers = 5;
  defaults.listen = {"9000"};
  defaults.restart.no_restart_codes = {3};
  const options result = served({"--log-level", "debug"}, defaults);
  CHECK(result.name == "shop");
  CHECK(result.workers == 5);
  CHECK(result.listen == std::vector<std::string>{"9000"});
  CHECK(result.restart.no_restart_codes == std::vector<int>{3});
  CHECK(result.log.level == log_level::debug);
}

TEST_CASE("names of variables are the flags' in capitals") {
  CHECK(run_detail::environment_name("workers") == "CLUSTER_WORKERS");
  CHECK(run_detail::environment_name("drain-timeout") == "CLUSTER_DRAIN_TIMEOUT");
}

TEST_CASE("the file may be named in the environment, and a flag names another one") {
  clean_environment environment;
  const scratch_folder folder;
  write_file(folder / "one.json", R"({"workers": 1})");
  write_file(folder / "two.json", R"({"workers": 2})");
  environment.set("CLUSTER_CONFIG", folder / "one.json");
  CHECK(served({}).workers == 1);
  CHECK(served({"--config", folder / "two.json"}).workers == 2);
  environment.set("CLUSTER_CONFIG", "");
  CHECK(served({}).workers == 0);
}

TEST_CASE("a bad value is refused although a stronger source has a good one") {
  // Nothing is silently ignored: the operator sees it now and not after the flag is dropped.
  clean_environment environment;
  environment.set("CLUSTER_WORKERS", "many");
  CHECK(contains(refused({"--workers", "4"}), "CLUSTER_WORKERS"));
}
