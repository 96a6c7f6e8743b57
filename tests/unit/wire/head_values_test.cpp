// SPDX-License-Identifier: BSL-1.0
#include "read_head.hpp"
#include "support/catch.hpp"
#include "wire/beast.hpp"

#include <string>

using cluster::test::read_head;
using cluster::test::read_head_slowly;
using cluster::test::try_head;
using cluster::wire::framing;
using cluster::wire::head_state;
using cluster::wire::verb;

namespace {

const std::string sample =
    "POST http://example.org:81/a/b?c=d HTTP/1.1\r\n"
    "Host: other\r\n"
    "Content-Length: 12\r\n"
    "X-Empty:\r\n"
    "X-Spaced: \t two words \t\r\n"
    "x-twice: 1\r\n"
    "X-TWICE: 2\r\n"
    "\r\n";

bool keeps(const std::string& version, const std::string& fields) {
  const auto out = read_head("GET / HTTP/" + version + "\r\nHost: a\r\n" + fields + "\r\n");
  REQUIRE(out.state == head_state::complete);
  return out.head.keep_alive;
}

}  // namespace

TEST_CASE("the values of a header section", "[wire][head]") {
  for (const auto& out : {read_head(sample + "next"), read_head_slowly(sample)}) {
    REQUIRE(out.state == head_state::complete);
    CHECK(out.consumed == sample.size());
    const auto& head = out.head;
    CHECK(head.method == verb::post);
    CHECK(head.method_text == "POST");
    CHECK(head.target == "http://example.org:81/a/b?c=d");
    CHECK(head.path == "/a/b");
    CHECK(head.query == "c=d");
    CHECK(head.host == "example.org:81");
    CHECK(head.version == 11);
    CHECK(head.body == framing::length);
    CHECK(head.content_length == 12);
    REQUIRE(head.fields.size() == 6);
    CHECK(head.fields[3].first == "X-Spaced");
    CHECK(head.fields[3].second == "two words");
    CHECK(head.find("X-Twice") == "1");
    CHECK(head.find("x-empty").data() != nullptr);
    CHECK(head.find("x-empty").empty());
    CHECK(head.find("x-missing").data() == nullptr);
  }
}

TEST_CASE("a header section split at any octet is the same section", "[wire][head]") {
  for (std::size_t split = 1; split < sample.size(); ++split) {
    std::size_t scanned = 0;
    const auto first = try_head(std::string_view(sample).substr(0, split), scanned);
    REQUIRE(first.state == head_state::incomplete);
    const auto second = try_head(sample, scanned);
    REQUIRE(second.state == head_state::complete);
    REQUIRE(second.head.fields.size() == 6);
    REQUIRE(second.consumed == sample.size());
  }
}

TEST_CASE("targets without a path or a query", "[wire][head]") {
  const auto path = [](const std::string& target, const std::string& method = "GET") {
    auto out = read_head(method + " " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(out.state == head_state::complete);
    return std::string(out.head.path) + "|" + std::string(out.head.query);
  };
  CHECK(path("/") == "/|");
  CHECK(path("/?") == "/|");
  CHECK(path("http://a") == "/|");
  CHECK(path("http://a?b") == "/|b");
  CHECK(path("/a?b?c") == "/a|b?c");
  CHECK(path("//a") == "//a|");
  CHECK(path("*", "OPTIONS") == "*|");
}

TEST_CASE("whether the connection is kept (RFC 9112 9.3)", "[wire][head]") {
  CHECK(keeps("1.1", ""));
  CHECK_FALSE(keeps("1.1", "Connection: close\r\n"));
  CHECK_FALSE(keeps("1.1", "Connection: Close\r\n"));
  CHECK_FALSE(keeps("1.1", "Connection: upgrade, close\r\n"));
  CHECK_FALSE(keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  CHECK(keeps("1.1", "Connection: closed\r\n"));
  CHECK(keeps("1.2", ""));
  CHECK_FALSE(keeps("1.0", ""));
  CHECK(keeps("1.0", "Connection: keep-alive\r\n"));
  CHECK(keeps("1.0", "Connection: foo,Keep-Alive ,bar\r\n"));
  CHECK_FALSE(keeps("1.0", "Connection: keep-alive, close\r\n"));
}

TEST_CASE("a head can be moved to another buffer", "[wire][head]") {
  auto out = read_head(sample);
  const std::string copy(out.storage.get(), out.head.size);
  out.head.rebase(out.storage.get(), copy.data());
  out.storage.reset();
  CHECK(out.head.path == "/a/b");
  CHECK(out.head.host == "example.org:81");
  CHECK(out.head.find("x-spaced") == "two words");

  auto constant = read_head("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string other(constant.storage.get(), constant.head.size);
  constant.head.rebase(constant.storage.get(), other.data());
  CHECK(constant.head.path == "/");
}

TEST_CASE("an owning copy in Beast's terms", "[wire][beast]") {
  const auto out = read_head(sample);
  const auto copy = cluster::wire::to_beast(out.head, "twelve bytes");
  CHECK(copy.method() == verb::post);
  CHECK(copy.target() == "http://example.org:81/a/b?c=d");
  CHECK(copy.version() == 11);
  CHECK(copy["x-spaced"] == "two words");
  CHECK(copy.count("x-twice") == 2);
  CHECK(copy.body() == "twelve bytes");
}
