// SPDX-License-Identifier: BSL-1.0
#include "http/exchange.hpp"
#include "support/catch.hpp"
#include "wire/head_reader.hpp"

#include <cluster/http/beast.hpp>

#include <string>

using namespace cluster;

namespace {

struct parsed {
  explicit parsed(std::string head) : raw(std::move(head)), data(wire::limits{}) {
    wire::head_reader reader({});
    std::size_t scanned = 0;
    REQUIRE(reader.read(raw, scanned, data.head) == wire::head_state::complete);
  }
  std::string raw;
  http::exchange data;
};

}  // namespace

TEST_CASE("queries are split, then decoded", "[http][request]") {
  parsed p("GET /a?x=1&y=a+b%26c&z&x=2&e%3Df=g&=h HTTP/1.1\r\nHost: a\r\n\r\n");
  const http::request& q = p.data.view;
  CHECK(q.query("x") == "1");
  CHECK(q.query("y") == "a b&c");
  CHECK(q.query("z").empty());
  CHECK(q.has_query("z"));
  CHECK_FALSE(q.has_query("w"));
  CHECK(q.query("w").empty());
  CHECK(q.query("e=f") == "g");
  CHECK(q.query("") == "h");
  CHECK(q.query() == "x=1&y=a+b%26c&z&x=2&e%3Df=g&=h");
}

TEST_CASE("parameters are decoded once", "[http][request]") {
  parsed p("GET /a%20b/%2541 HTTP/1.1\r\nHost: a\r\n\r\n");
  p.data.params.count = 2;
  p.data.params.list[0] = {"one", p.data.head.path.substr(1, 5)};
  p.data.params.list[1] = {"two", p.data.head.path.substr(7)};
  const http::request& q = p.data.view;
  const std::string_view one = q.param("one");
  CHECK(one == "a b");
  CHECK(q.param("two") == "%41");
  CHECK(q.param("two") == "%41");
  CHECK(q.param("one").data() == one.data());
  CHECK(q.param("three").empty());
}

TEST_CASE("a kept request no longer needs the read buffer", "[http][request]") {
  parsed p("PUT /a%20b HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n");
  p.data.params.count = 1;
  p.data.params.list[0] = {"one", p.data.head.path.substr(1)};
  std::string content = "content";
  p.data.body = content;
  p.data.keep(p.raw.data());
  p.raw.assign(p.raw.size(), '#');
  content = "#######";
  const http::request& q = p.data.view;
  CHECK(q.path() == "/a%20b");
  CHECK(q.param("one") == "a b");
  CHECK(q.field("x-a") == "b");
  CHECK(q.has_field("host"));
  CHECK_FALSE(q.has_field("hos"));
  CHECK(q.fields().size() == 2);
  CHECK(q.body() == "content");
  CHECK(q.method_string() == "PUT");

  const auto copy = http::to_beast(q);
  CHECK(copy["x-a"] == "b");
  CHECK(copy.body() == "content");
}
