// SPDX-License-Identifier: BSL-1.0
#include "unit/run/reading.hpp"

using namespace cluster;
using namespace cluster::test;
using strings = std::vector<std::string>;

namespace {

struct configured {
  clean_environment environment;
  scratch_folder folder;
  std::string path = folder / "app.json";

  options served_with(const std::string& content, const options& defaults = {}) const {
    write_file(path, content);
    return served({"--config", path}, defaults);
  }
  std::string refused_with(const std::string& content) const {
    write_file(path, content);
    std::string line = refused({"--config", path});
    INFO(line);
    CHECK(contains(line, path));
    return line;
  }
};

struct syntax_case {
  std::string content;
  int line;
};

struct type_case {
  std::string entry;
  std::string key;
  std::string words;
};

}  // namespace

TEST_CASE("a configuration file may set everything at once") {
  const configured with;
  const options result = with.served_with(R"({
    "listen": ["127.0.0.1:3000", "unix:/run/app.sock"],
    "workers": "auto",
    "drain-timeout": "45s",
    "log-format": "json",
    "no-restart-codes": [64, 78]
  })");
  CHECK(result.listen == strings{"127.0.0.1:3000", "unix:/run/app.sock"});
  CHECK(result.workers == 0);
  CHECK(result.drain_timeout == std::chrono::seconds(45));
  CHECK(result.log.format == log_format::json);
  CHECK(result.restart.no_restart_codes == std::vector<int>{64, 78});
}

TEST_CASE("a list of one may be written bare, and numbers as numbers or texts") {
  const configured with;
  CHECK(with.served_with(R"({"listen": "3000"})").listen == strings{"3000"});
  CHECK(with.served_with(R"({"listen": 3000})").listen == strings{"3000"});
  CHECK(with.served_with(R"({"listen": [3000, "3001"]})").listen == strings{"3000", "3001"});
  CHECK(with.served_with(R"({"workers": "3"})").workers == 3);
  CHECK(with.served_with(R"({"no-restart-codes": 9})").restart.no_restart_codes == std::vector<int>{9});
  // A list's comma is only a separator in the environment.
  CHECK(with.served_with(R"({"listen": ["unix:/a,b"]})").listen == strings{"unix:/a,b"});
}

TEST_CASE("an empty list means none, whatever the program's default is") {
  const configured with;
  options defaults;
  defaults.restart.no_restart_codes = {3};
  const options result = with.served_with(R"({"listen": [], "no-restart-codes": []})", defaults);
  CHECK(result.listen.empty());
  CHECK(result.restart.no_restart_codes.empty());
}

TEST_CASE("an empty object changes nothing, space around it does not matter") {
  const configured with;
  CHECK(with.served_with("{}").workers == options{}.workers);
  CHECK(with.served_with("\n\n  { }\r\n\t\n").workers == options{}.workers);
}

TEST_CASE("a syntax error names the file and the line") {
  const auto each = GENERATE(values<syntax_case>({
      {"{\n  \"workers\": 4,\n  \"listen\" \"3000\"\n}\n", 3},
      {"{\n  \"workers\": 4,\n}\n", 3},
      {"{ \"workers\": four }", 1},
      {"{\n\"workers\": 4\n", 3},
      {"", 1},
      {"{}\n\n[]\n", 3},
      {"{\"workers\": 4} // comment\n", 1},
      {"{\n\"user\": \"a\xFF\"\n}", 2},
  }));
  const configured with;
  const std::string line = with.refused_with(each.content);
  INFO(line);
  CHECK(contains(line, ", line " + std::to_string(each.line) + ": "));
}

TEST_CASE("an unknown key is refused with the one that was probably meant") {
  const configured with;
  std::string line = with.refused_with(R"({"worker": 4})");
  CHECK(contains(line, "'worker'"));
  CHECK(contains(line, "did you mean 'workers'?"));
  line = with.refused_with(R"({"drain_timeout": "3s"})");
  CHECK(contains(line, "did you mean 'drain-timeout'?"));
  line = with.refused_with(R"({"frobnicate": true})");
  CHECK(contains(line, "'frobnicate'"));
  CHECK_FALSE(contains(line, "did you mean"));
  CHECK(contains(with.refused_with(R"({"": 1})"), "''"));
  CHECK(contains(with.refused_with(R"({"config": "other.json"})"), "'config'"));
}

TEST_CASE("a value of the wrong type is refused with key and what is accepted") {
  const auto each = GENERATE(values<type_case>({
      {R"("workers": true)", "workers", "a string or a whole number"},
      {R"("workers": null)", "workers", "a string or a whole number"},
      {R"("workers": 4.0)", "workers", "a string or a whole number"},
      {R"("workers": {"min": 1})", "workers", "a string or a whole number"},
      {R"("workers": [4])", "workers", "a string or a whole number"},
      {R"("listen": false)", "listen", "or an array of them"},
      {R"("listen": ["1", true])", "listen", "each element"},
      {R"("listen": [["1"]])", "listen", "each element"},
      {R"("workers": 0)", "workers", "1 to 1024"},
      {R"("workers": -4)", "workers", "'-4'"},
      {R"("drain-timeout": "soon")", "drain-timeout", "'soon' is not a time"},
      {R"("no-restart-codes": [1, 300])", "no-restart-codes", "'1,300' is not exit codes from 0 to 255"},
      {R"("workers": 18446744073709551615)", "workers", "'18446744073709551615'"},
  }));
  const configured with;
  const std::string line = with.refused_with("{" + each.entry + "}");
  INFO(line);
  CHECK(contains(line, ": " + each.key + ": "));
  CHECK(contains(line, each.words));
}

TEST_CASE("what is no object is refused") {
  const configured with;
  for (const char* content : {"[]", "4", "\"workers\"", "null"})
    CHECK(contains(with.refused_with(content), "JSON object"));
}

TEST_CASE("a file that cannot be read is refused with the reason") {
  const configured with;
  const std::string line = refused({"--config", with.folder / "missing.json"});
  CHECK(contains(line, "missing.json"));
  CHECK(contains(line, "No such file"));
  CHECK(contains(refused({"--config", with.folder.path()}), with.folder.path()));
}

TEST_CASE("nesting without end is refused, not followed") {
  const configured with;
  with.refused_with("{\"listen\": " + std::string(100'000, '[') + "}");
}

TEST_CASE("a listen address in the file is checked like any other") {
  const configured with;
  write_file(with.path, R"({"listen": ["nowhere"]})");
  CHECK(contains(refused({"--config", with.path}), "'nowhere'"));
}
