// SPDX-License-Identifier: BSL-1.0
// Cookies, JSON strings, log lines, forms.
#include "http/exchange.hpp"
#include "support/catch.hpp"
#include "wire/head_reader.hpp"

#include <cluster/http.hpp>

#include <stdexcept>
#include <string>

using namespace cluster;

namespace {

struct parsed {
  parsed(std::string head, std::string content = {})
      : raw(std::move(head)), body(std::move(content)), data({}) {
    wire::head_reader reader({});
    std::size_t scanned = 0;
    REQUIRE(reader.read(raw, scanned, data.head) == wire::head_state::complete);
    data.body = body;
  }
  std::string raw;
  std::string body;
  http::exchange data;
};

std::string cookie_line(const http::cookie& what) {
  http::response r;
  return std::string(http::set_cookie(r, what).field("Set-Cookie"));
}

}  // namespace

TEST_CASE("cookies of a request", "[http][cookie]") {
  parsed p("GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1; b=\"two\";c=x=y; broken; a=3\r\nCookie: d=4\r\n\r\n");
  const http::request& q = p.data.view;
  CHECK(q.cookie("a") == "1");
  CHECK(q.cookie("b") == "two");
  CHECK(q.cookie("c") == "x=y");
  CHECK(q.cookie("d") == "4");
  CHECK(q.cookie("broken").empty());
  CHECK(q.cookie("A").empty());
}

TEST_CASE("cookies of a response", "[http][cookie]") {
  CHECK(cookie_line({.name = "id", .value = "7"}) == "id=7; Path=/; Secure; HttpOnly; SameSite=Lax");
  CHECK(cookie_line({.name = "id",
                     .value = "",
                     .path = "/a",
                     .domain = "a.example",
                     .max_age = std::chrono::seconds(0),
                     .secure = false,
                     .http_only = false,
                     .same_site = http::cookie::site::strict}) ==
        "id=; Path=/a; Domain=a.example; Max-Age=0; SameSite=Strict");
  http::response two;
  http::set_cookie(two, {.name = "a", .value = "1"});
  http::set_cookie(two, {.name = "b", .value = "2"});
  CHECK(std::string(two.field_lines()).find("a=1;") != std::string::npos);
  CHECK(std::string(two.field_lines()).find("b=2;") != std::string::npos);
  for (const http::cookie& bad :
       {http::cookie{.name = "a b", .value = "1"},
        {.name = "", .value = "1"},
        {.name = "a", .value = "1;2"},
        {.name = "a", .value = "1\r\nX: y"},
        {.name = "a", .value = "\"1\""},
        {.name = "a", .value = "1", .path = "/;b"},
        {.name = "a", .value = "1", .domain = "x y"},
        {.name = "a", .value = "1", .secure = false, .same_site = http::cookie::site::none}})
    CHECK_THROWS_AS(cookie_line(bad), std::invalid_argument);
}

TEST_CASE("JSON strings", "[http][json]") {
  CHECK(http::json_string("") == "\"\"");
  CHECK(http::json_string("a\"b\\c\n\t/") == "\"a\\\"b\\\\c\\n\\u0009/\"");
  CHECK(http::json_string(std::string("\0\x7f", 2)) == "\"\\u0000\\u007f\"");
  CHECK(http::json_string("</script>&") == "\"\\u003c/script\\u003e\\u0026\"");
  CHECK(http::json_string("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") ==
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
  // Cut off, too long, half a surrogate pair, beyond the last character: one replacement an octet.
  CHECK(http::json_string("\xc3") == "\"\\ufffd\"");
  CHECK(http::json_string("\xe2\x82x") == "\"\\ufffd\\ufffdx\"");
  CHECK(http::json_string("\xc0\x80") == "\"\\ufffd\\ufffd\"");
  CHECK(http::json_string("\xed\xa0\x80") == "\"\\ufffd\\ufffd\\ufffd\"");
  CHECK(http::json_string("\xf4\x90\x80\x80") == "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

namespace library {
struct value {};
std::string serialize(const value&) { return "{\"a\":1}"; }
}  // namespace library

TEST_CASE("a value of a JSON library becomes a response", "[http][json]") {
  const http::response r = http::json(library::value{}, 201);
  CHECK(r.status() == 201);
  CHECK(r.body() == "{\"a\":1}");
  CHECK(r.content_type() == "application/json");
}

TEST_CASE("forms", "[http][form]") {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ";
  parsed p(head + "Application/X-WWW-Form-Urlencoded; charset=utf-8\r\n\r\n", "a=1+2&b=%26&c&a=3");
  const http::request& q = p.data.view;
  CHECK(q.content_type() == "application/x-www-form-urlencoded");
  CHECK(q.form("a") == "1 2");
  CHECK(q.form("b") == "&");
  CHECK(q.has_form("c"));
  CHECK(q.form("c").empty());
  CHECK_FALSE(q.has_form("d"));
  parsed other(head + "text/plain\r\n\r\n", "a=1");
  CHECK_FALSE(other.data.view.has_form("a"));
  parsed none("POST / HTTP/1.1\r\nHost: a\r\n\r\n", "a=1");
  CHECK_FALSE(none.data.view.has_form("a"));
  CHECK(none.data.view.content_type().empty());
}

TEST_CASE("forms of several parts", "[http][form]") {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ";
  const std::string content =
      "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--XX\r\nContent-Disposition: "
      "form-data; "
      "name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--XX--\r\n";
  parsed p(head + "multipart/form-data; boundary=XX\r\n\r\n", content);
  const auto parts = http::form_parts(p.data.view);
  REQUIRE(parts);
  REQUIRE(parts->size() == 2);
  CHECK(parts->front().name == "a");
  CHECK(parts->front().body == "1");
  CHECK_FALSE(parts->front().is_file);
  CHECK(parts->back().filename == "x.txt");
  CHECK(parts->back().content_type == "text/plain");
  CHECK(parts->back().body == "hello");
  CHECK(parts->back().is_file);
  CHECK_FALSE(http::form_parts(p.data.view, {.parts = 1}));
  parsed other(head + "text/plain\r\n\r\n", content);
  CHECK_FALSE(http::form_parts(other.data.view));
}

TEST_CASE("lines of an access log name the client with or without a port", "[http][log]") {
  for (const auto& [remote, shown] :
       {std::pair{"192.0.2.1:80", "192.0.2.1 "}, std::pair{"192.0.2.1", "192.0.2.1 "},
        std::pair{"[2001:db8::1]", "2001:db8::1 "}, std::pair{"unix", "unix "}, std::pair{"", "- "}}) {
    INFO(remote);
    CHECK(http::common_log_line({nullptr, 400, 0, {}, remote}).starts_with(shown));
  }
}

TEST_CASE("lines of an access log cannot be forged", "[http][log]") {
  parsed p("GET /a?\"b\" HTTP/1.1\r\nHost: a\r\nUser-Agent: x\xff\"\\y\r\nReferer: http://r/\r\n\r\n");
  const http::access what{&p.data.view, 200, 1234, std::chrono::microseconds(56), "[2001:db8::1]:80"};
  const auto time = std::chrono::system_clock::time_point(std::chrono::milliseconds(784111777123));
  CHECK(http::common_log_line(what, time) ==
        "2001:db8::1 - - [06/Nov/1994:08:49:37 +0000] \"GET /a?\\x22b\\x22 HTTP/1.1\" 200 1234");
  CHECK(http::json_log_line(what, time) ==
        "{\"time\":\"1994-11-06T08:49:37.123Z\",\"remote\":\"[2001:db8::1]:80\",\"method\":\"GET\","
        "\"target\":\"/a?\\\"b\\\"\",\"version\":\"HTTP/1.1\",\"host\":\"a\",\"referer\":\"http://r/\","
        "\"user_agent\":\"x\\ufffd\\\"\\\\y\",\"status\":200,\"bytes\":1234,\"duration_us\":56}");
  const http::access refused{nullptr, 400, 0, {}, {}};
  CHECK(http::common_log_line(refused, time) == "- - - [06/Nov/1994:08:49:37 +0000] \"-\" 400 0");
  CHECK(
      http::json_log_line(refused, time) ==
      "{\"time\":\"1994-11-06T08:49:37.123Z\",\"remote\":\"\",\"status\":400,\"bytes\":0,\"duration_us\":0}");
}
