// SPDX-License-Identifier: BSL-1.0
#include "ctl/check.hpp"
#include "ctl/doctor.hpp"
#include "ctl/exit_code.hpp"
#include "ctl/nearest.hpp"

#include "support/catch.hpp"

#include <boost/json.hpp>

#include <set>
#include <string>
#include <vector>

using namespace cluster::ctl;
using words = std::vector<std::string>;

TEST_CASE("--check goes among the standard flags, before the program's own arguments") {
  CHECK(with_check_flag({}) == words{"--check"});
  CHECK(with_check_flag({"--workers", "2"}) == words{"--workers", "2", "--check"});
  CHECK(with_check_flag({"--workers", "2", "--", "--demo"}) ==
        words{"--workers", "2", "--check", "--", "--demo"});
  CHECK(with_check_flag({"--", "a", "--"}) == words{"--check", "--", "a", "--"});
}

TEST_CASE("a slip of the finger finds the verb that was meant") {
  const words verbs{"check", "doctor"};
  CHECK(nearest("chekc", verbs) == "check");
  CHECK(nearest("docter", verbs) == "doctor");
  CHECK(nearest("check", verbs) == "check");
  CHECK(nearest("unrelated", verbs).empty());
  CHECK(nearest("x", verbs).empty());
}

TEST_CASE("every standard exit code has a meaning of its own") {
  std::set<std::string_view> seen;
  for (int code = exit_clean; code <= exit_owned; ++code) seen.insert(meaning_of(code));
  CHECK(seen.size() == 6);
  CHECK(meaning_of(77) == "a code of the program's own");
}

TEST_CASE("doctor shows findings in columns, one a line") {
  const std::vector<cluster::finding> findings{{"a", "1024", false, "Too few."},
                                               {"longer", "5", true, "Fine."}};
  CHECK(doctor_text(findings) == "warn  a       1024  Too few.\nok    longer  5     Fine.\n");
}

TEST_CASE("doctor's JSON says for the whole and for each finding whether it is well") {
  const auto read = boost::json::parse(doctor_json({{"a", "1", false, "\"quoted\""}, {"b", "2", true, ""}}));
  CHECK(read.at("ok").as_bool() == false);
  const auto& findings = read.at("findings").as_array();
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].at("name").as_string() == "a");
  CHECK(findings[0].at("ok").as_bool() == false);
  CHECK(findings[0].at("advice").as_string() == "\"quoted\"");
  CHECK(findings[1].at("ok").as_bool() == true);
}

TEST_CASE("diagnose looks at everything once, under stable names") {
  const auto findings = cluster::diagnose();
  std::set<std::string> names;
  for (const auto& each : findings) {
    INFO(each.name);
    names.insert(each.name);
    CHECK_FALSE(each.value.empty());
    CHECK(each.advice.ends_with('.'));
  }
  CHECK(names == std::set<std::string>{"open-files", "accept-queue", "kernel", "pidfd", "close-range",
                                       "clone3", "cpus", "low-ports", "sigchld"});
  CHECK(names.size() == findings.size());
}
