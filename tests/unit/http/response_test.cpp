// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <cluster/http/response.hpp>

#include <memory>
#include <stdexcept>
#include <string>

using namespace cluster;
using http::response;

TEST_CASE("fields are set, added, replaced and taken away", "[http][response]") {
  response r =
      http::text("x", 201).set("X-A", "1").set("x-a", "2").add("Set-Cookie", "a").add("Set-Cookie", "b");
  CHECK(r.status() == 201);
  CHECK(r.field_lines() == "x-a: 2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n");
  CHECK(r.field("X-a") == "2");
  CHECK(r.field("content-type") == "text/plain; charset=utf-8");
  r.set("Content-Type", "text/csv");
  CHECK(r.field("content-type") == "text/csv");
  CHECK(r.content_type().empty());
  r.erase("set-cookie").erase("content-type").erase("x-a");
  CHECK(r.field_lines().empty());
}

TEST_CASE("a response cannot be split", "[http][response]") {
  response r;
  CHECK_THROWS_AS(r.set("A", "b\r\nSet-Cookie: c"), std::invalid_argument);
  CHECK_THROWS_AS(r.set("A\r\nB", "c"), std::invalid_argument);
  CHECK_THROWS_AS(r.add("A", std::string("b\0", 2)), std::invalid_argument);
  CHECK_THROWS_AS(r.set("", "b"), std::invalid_argument);
  CHECK_THROWS_AS(http::redirect("/a\r\nSet-Cookie: c"), std::invalid_argument);
  CHECK(r.field_lines().empty());
}

TEST_CASE("framing is the server's business", "[http][response]") {
  response r;
  CHECK_THROWS_AS(r.set("Content-Length", "5"), std::invalid_argument);
  CHECK_THROWS_AS(r.set("transfer-encoding", "chunked"), std::invalid_argument);
  CHECK_THROWS_AS(r.set("Connection", "keep-alive"), std::invalid_argument);
  CHECK_FALSE(r.wants_close());
  r.set("connection", "Close");
  CHECK(r.wants_close());
  CHECK(r.field_lines().empty());
  CHECK_FALSE(r.has_date());
  r.set("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(r.has_date());
}

TEST_CASE("content that responses share is not copied, and goes with the last of them", "[http][response]") {
  auto content = std::make_shared<const std::string>(100, 'a');
  const std::weak_ptr<const std::string> alive = content;
  auto one = http::text(content);
  auto another = http::json(content, 201).body(std::move(content));
  CHECK(&one.body() == &another.body());
  CHECK(one.content_type() == "text/plain; charset=utf-8");
  CHECK(another.content_type() == "application/json");
  CHECK(another.status() == 201);
  CHECK(one.body("its own").body() == "its own");
  CHECK(another.body() == std::string(100, 'a'));
  another.body(std::shared_ptr<const std::string>());
  CHECK(another.body().empty());
  CHECK(alive.expired());
}

TEST_CASE("statuses", "[http][response]") {
  CHECK_THROWS_AS(response(199), std::invalid_argument);
  CHECK_THROWS_AS(response(600), std::invalid_argument);
  CHECK_THROWS_AS(response().status(101), std::invalid_argument);
  CHECK(http::status(204).body().empty());
  CHECK(http::status(404).body() == "Not Found\n");
  CHECK(http::status(555).body() == "555\n");
  CHECK(http::redirect("/b", 303).status() == 303);
  CHECK(http::redirect("/b").field("location") == "/b");
  CHECK(http::json("{}").content_type() == "application/json");
  CHECK(http::html("<p>").content_type() == "text/html; charset=utf-8");
}
