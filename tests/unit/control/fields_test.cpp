// SPDX-License-Identifier: BSL-1.0
#include "control/fields.hpp"

#include "support/catch.hpp"
#include "support/text.hpp"

using namespace cluster::control;
using namespace std::chrono_literals;
using cluster::test::contains;

namespace {

std::string refusal(const std::optional<reply>& complaint) {
  return complaint ? std::to_string(complaint->status) + " " + complaint->body : "none";
}

}  // namespace

TEST_CASE("an empty body is an empty object") {
  fields none("", {"workers"});
  CHECK_FALSE(none.number("workers", 1, 9).has_value());
  CHECK_FALSE(none.complaint().has_value());
  CHECK_FALSE(fields(" \r\n", {}).complaint().has_value());
}

TEST_CASE("fields are read by type") {
  fields body(R"({"n":4,"t":true,"m":"fast","d":"500ms","s":2})", {"n", "t", "m", "d", "s", "x"});
  CHECK(body.number("n", 1, 9) == 4u);
  CHECK(body.truth("t") == true);
  CHECK(body.text("m", {"graceful", "fast"}) == "fast");
  CHECK(body.duration("d") == 500ms);
  CHECK(body.duration("s") == 2000ms);
  CHECK_FALSE(body.has("x"));
  CHECK_FALSE(body.complaint().has_value());
}

TEST_CASE("an unknown field is refused by name, with the nearest known one") {
  const fields body(R"({"wokers":4})", {"workers", "min"});
  CHECK(contains(refusal(body.complaint()), "400 {\"error\":{\"code\":\"unknown_field\""));
  CHECK(contains(refusal(body.complaint()), "the field 'wokers' is not known here; did you mean 'workers'?"));
  CHECK(contains(refusal(fields(R"({"zzz":1})", {"workers"}).complaint()), "known: workers"));
  CHECK(contains(refusal(fields(R"({"zzz":1})", {}).complaint()), "there are none"));
}

TEST_CASE("what is not JSON, or no object, is refused") {
  for (const char* text : {"{", "[1]", "null", "workers=4", "{\"a\":1}{", "\"x\"", "{\"a\":NaN}"}) {
    INFO(text);
    CHECK(contains(refusal(fields(text, {"a", "workers"}).complaint()), "bad_json"));
  }
  CHECK(contains(refusal(fields(std::string(5000, '['), {}).complaint()), "bad_json"));
}

TEST_CASE("values of the wrong type or out of range are refused, by name, and the first one counts") {
  const auto number = [](const char* text) {
    fields body(text, {"n", "m"});
    CHECK_FALSE(body.number("n", 1, 1024).has_value());
    return refusal(body.complaint());
  };
  for (const char* text : {R"({"n":0})", R"({"n":1025})", R"({"n":-1})", R"({"n":1.5})", R"({"n":"4"})",
                           R"({"n":null})", R"({"n":1e99})", R"({"n":18446744073709551615})"}) {
    INFO(text);
    CHECK(contains(number(text), "n: is to be a whole number from 1 to 1024"));
  }
  fields body(R"({"n":0,"m":"slow"})", {"n", "m"});
  body.number("n", 1, 9);
  CHECK_FALSE(body.text("m", {"graceful", "fast"}).has_value());
  CHECK(contains(refusal(body.complaint()), "n: is to be"));
  fields mode(R"({"m":"slow"})", {"m"});
  mode.text("m", {"graceful", "fast"});
  CHECK(contains(refusal(mode.complaint()), R"(m: is to be \"graceful\" or \"fast\")"));
  fields time(R"({"d":"soon"})", {"d"});
  time.duration("d");
  CHECK(contains(refusal(time.complaint()), "d: is to be a time such as"));
}

TEST_CASE("a query is read like a body: unknown, repeated and wrong parameters are refused") {
  query given("wait=1&tail=20&name=a%20b", {"wait", "tail", "name"});
  CHECK(given.flag("wait"));
  CHECK(given.number("tail", 100) == 20u);
  CHECK(given.text("name") == "a b");
  CHECK_FALSE(given.complaint().has_value());
  CHECK(query("wait", {"wait"}).flag("wait"));
  CHECK_FALSE(query("wait=0", {"wait"}).flag("wait"));
  CHECK_FALSE(query("", {"wait"}).flag("wait"));
  CHECK(contains(refusal(query("wai=1", {"wait"}).complaint()), "did you mean 'wait'?"));
  CHECK(contains(refusal(query("wait=1&wait=0", {"wait"}).complaint()), "given twice"));
  query odd("wait=perhaps&tail=many", {"wait", "tail"});
  odd.flag("wait");
  CHECK(contains(refusal(odd.complaint()), "wait: is to be 1 or 0"));
}
