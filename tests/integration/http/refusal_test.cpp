// SPDX-License-Identifier: BSL-1.0
// What is not acceptable is answered, the connection ends, and nothing behind it is taken for a request.
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace cluster;
using test::client;
using test::get;

namespace {

void refusal_routes(http::router& app) {
  app.get("/", [] { return http::text("root"); });
  app.post("/", [](const http::request& q) { return http::text(std::string(q.body())); });
  app.get("/smuggled", [] { return http::text("smuggled"); });
}

}  // namespace

TEST_CASE("a refusal is one answer, then the end", "[http][refusal]") {
  test::running_server server(refusal_routes);
  const std::string tail = get("/smuggled");
  const auto coding = [&](const std::string& v) {
    return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: " + v + "\r\n\r\n0\r\n\r\n";
  };
  struct row {
    std::string raw;
    unsigned status;
  };
  const std::vector<row> rows = {
      {coding("gzip"), 501},
      {coding("identity"), 501},
      {coding("chunked, gzip"), 400},
      {coding("xchunked"), 501},
      {coding("chunked;q=1"), 400},
      {coding(""), 400},
      {"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", 413},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET /\r\n", 400},
      {"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501},
      {"GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(65'536, 'a') + "\r\n\r\n", 431},
  };
  for (const row& r : rows) {
    INFO(r.raw.substr(0, 200));
    client c(server.port());
    c.send(r.raw + tail + tail);
    const auto answer = c.read();
    CHECK(answer.status == r.status);
    CHECK(answer.has("Connection: close\r\n"));
    CHECK(answer.has("\r\nDate: "));
    CHECK(c.closed());
  }
  CHECK(server.counters().requests == 0);
  CHECK(server.counters().refused == rows.size());
}

TEST_CASE("answers to good requests in front of a bad one still go out", "[http][refusal]") {
  test::running_server server(refusal_routes);
  client c(server.port());
  c.send(get("/") + get("/") + "BAD\r\n\r\n" + get("/smuggled"));
  CHECK(c.read().body == "root");
  CHECK(c.read().body == "root");
  CHECK(c.read().status == 400);
  CHECK(c.closed());
}

TEST_CASE("options out of range are refused before anything starts", "[http][options]") {
  boost::asio::io_context context;
  http::router app;
  const auto refused = [&](auto change) {
    http::server_options options;
    change(options);
    CHECK_THROWS_AS(http::server(context, app, options), std::invalid_argument);
  };
  refused([](auto& o) { o.header_bytes = 100; });
  refused([](auto& o) { o.header_fields = 0; });
  refused([](auto& o) { o.target_bytes = 0; });
  refused([](auto& o) { o.accepts_at_once = 0; });
  refused([](auto& o) { o.requests_at_once = 0; });
  refused([](auto& o) { o.output_high_water = 0; });
  refused([](auto& o) { o.accept_backoff = std::chrono::milliseconds(0); });
}
