// SPDX-License-Identifier: BSL-1.0
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <string>

using namespace cluster;
using namespace std::chrono_literals;
using test::client;
using test::get;

namespace {

void timeout_routes(http::router& app) {
  app.get("/", [] { return http::text("root"); });
  app.post("/", [](const http::request& q) { return http::text(std::to_string(q.body().size())); });
  app.post("/pieces",
           [](const http::request& q, http::body_reader& in) -> boost::asio::awaitable<http::response> {
             std::size_t size = 0;
             for (auto piece = co_await in.read(); !piece.empty(); piece = co_await in.read()) {
               if (size == 0 && q.has_query("slow")) {
                 boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 900ms);
                 co_await timer.async_wait(boost::asio::use_awaitable);
               }
               size += piece.size();
             }
             co_return http::text(std::to_string(size));
           });
  app.get("/big", [] { return http::text(std::string(8 * 1024 * 1024, 'x')); });
  app.get("/slow", []() -> boost::asio::awaitable<http::response> {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 300ms);
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return http::text("slow");
  });
}

}  // namespace

TEST_CASE("half a header section, then silence: 408", "[http][timeout]") {
  http::server_options options;
  options.header_time = 60ms;
  test::running_server server(timeout_routes, options);
  client c(server.port());
  c.send("GET / HTTP/1.1\r\nHo");
  CHECK(c.read().status == 408);
  CHECK(c.closed());
  CHECK(server.counters().timed_out == 1);
}

TEST_CASE("a header section that trickles in does not buy time", "[http][timeout]") {
  http::server_options options;
  options.header_time = 80ms;
  test::running_server server(timeout_routes, options);
  client c(server.port());
  const auto start = std::chrono::steady_clock::now();
  c.send("GET / HTTP/1.1\r\n");
  // The reads in between are what paces this; each gives up after 10 ms.
  const timeval pace{0, 10'000};
  ::setsockopt(c.fd(), SOL_SOCKET, SO_RCVTIMEO, &pace, sizeof pace);
  unsigned status = 0;
  while (status == 0 && std::chrono::steady_clock::now() - start < 5s) {
    c.send("A: b\r\n");
    status = c.read().status;
  }
  CHECK(status == 408);
}

TEST_CASE("content that stops coming: 408", "[http][timeout]") {
  http::server_options options;
  SECTION("no progress") { options.body_progress_time = 60ms; }
  SECTION("too long as a whole") { options.body_time = 60ms; }
  test::running_server server(timeout_routes, options);
  client c(server.port());
  c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  CHECK(c.read().status == 408);
  CHECK(c.closed());
}

TEST_CASE("content that trickles in does not buy time", "[http][timeout]") {
  http::server_options options;
  options.body_progress_time = 150ms;
  test::running_server server(timeout_routes, options);
  const bool in_pieces = GENERATE(false, true);
  client c(server.port());
  const auto start = std::chrono::steady_clock::now();
  c.send("POST /" + std::string(in_pieces ? "pieces" : "") +
         " HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  // The reads in between are what paces this; each gives up after 10 ms.
  const timeval pace{0, 10'000};
  ::setsockopt(c.fd(), SOL_SOCKET, SO_RCVTIMEO, &pace, sizeof pace);
  unsigned status = 0;
  while (status == 0 && std::chrono::steady_clock::now() - start < 5s) {
    c.send("ab");
    status = c.read().status;
  }
  CHECK(status == 408);
  CHECK(server.counters().timed_out == 1);
}

TEST_CASE("content that comes fast enough, or to a handler that is slow itself, has time",
          "[http][timeout]") {
  http::server_options options;
  options.body_progress_time = 600ms;
  struct row {
    const char* path;
    std::size_t piece;  // what has to come in that time; zero: anything
  };
  const row each = GENERATE(row{"/", 100}, row{"/pieces", 0}, row{"/pieces?slow", 100});
  INFO(each.path << ", " << each.piece << " octets at a time");
  options.body_progress_bytes = each.piece;
  const std::size_t piece = std::max<std::size_t>(each.piece, 1);
  test::running_server server(timeout_routes, options);
  client c(server.port());
  c.send("POST " + std::string(each.path) +
         " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(10 * piece) + "\r\n\r\n");
  const timeval pace{0, 80'000};
  ::setsockopt(c.fd(), SOL_SOCKET, SO_RCVTIMEO, &pace, sizeof pace);
  for (int i = 0; i < 9; ++i) {
    c.send(std::string(piece, 'x'));
    REQUIRE(c.read().status == 0);
  }
  const timeval patience{10, 0};
  ::setsockopt(c.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  CHECK(c.ask(std::string(piece, 'x')).body == std::to_string(10 * piece));
  CHECK(server.counters().timed_out == 0);
}

TEST_CASE("an idle connection is closed without a word", "[http][timeout]") {
  http::server_options options;
  options.idle_time = 60ms;
  test::running_server server(timeout_routes, options);
  client fresh(server.port());
  client used(server.port());
  CHECK(used.ask(get("/")).status == 200);
  CHECK(used.closed());
  CHECK(fresh.closed());
  CHECK(server.counters().timed_out == 2);
  CHECK(server.counters().open == 0);
}

TEST_CASE("a handler may take its time", "[http][timeout]") {
  http::server_options options;
  options.idle_time = options.header_time = options.body_time = options.write_progress_time = 40ms;
  test::running_server server(timeout_routes, options);
  client c(server.port());
  CHECK(c.ask(get("/slow")).body == "slow");
}

TEST_CASE("zero means no limit", "[http][timeout]") {
  http::server_options options;
  options.idle_time = options.header_time = options.body_time = options.body_progress_time = 0ms;
  options.linger_time = 40ms;  // makes the ticks short
  test::running_server server(timeout_routes, options);
  client c(server.port());
  c.send("GET / HTTP/1.1\r\nHo");
  client other(server.port());
  CHECK(other.ask(get("/slow")).status == 200);  // 300 ms later
  CHECK(c.ask("st: a\r\n\r\n").status == 200);
}

TEST_CASE("a client that takes nothing is reset", "[http][timeout]") {
  http::server_options options;
  options.write_progress_time = 100ms;
  test::running_server server(timeout_routes, options);
  client c(server.port(), 4096);
  c.send(get("/big"));
  CHECK(server.eventually([](const auto& n) { return n.requests == 1 && n.open == 0; }));
  CHECK(server.counters().timed_out == 1);
  char buffer[65536];
  ssize_t n;
  while ((n = ::recv(c.fd(), buffer, sizeof buffer, 0)) > 0) {}
  CHECK(n == -1);
  CHECK(errno == ECONNRESET);
}

TEST_CASE("a client that never ends its side is left after the lingering time", "[http][timeout]") {
  http::server_options options;
  options.linger_time = 60ms;
  test::running_server server(timeout_routes, options);
  client c(server.port());
  CHECK(c.ask("BAD\r\n\r\n").status == 400);
  CHECK(c.closed());  // the server's sending side; its descriptor goes a little later
  CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
}
