// SPDX-License-Identifier: BSL-1.0
// Content that is read piece by piece while it arrives.
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <string>

using namespace cluster;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using test::client;
using test::get;
using test::post;

namespace {

std::atomic<std::size_t> seen{0};  // octets, by whichever handler runs

asio::awaitable<http::response> count(const http::request& q, http::body_reader& in) {
  std::size_t size = 0;
  unsigned sum = 0;
  for (std::string_view piece; !(piece = co_await in.read()).empty();) {
    seen += piece.size();
    size += piece.size();
    for (const char c : piece) sum += static_cast<unsigned char>(c);
  }
  co_return http::text(std::to_string(size) + " " + std::to_string(sum) + std::string(q.body()));
}

void upload_routes(http::router& app) {
  seen = 0;
  app.post("/count", count);
  app.post("/small", count, {.body_bytes = 10});
  app.post("/early", [](const http::request&, http::body_reader& in) -> asio::awaitable<http::response> {
    co_await in.read();
    co_return http::status(403);
  });
  app.post("/never", [](const http::request&, http::body_reader&) -> asio::awaitable<http::response> {
    co_return http::text("not looked at");
  });
  app.post("/echo",
           [](const http::request&, http::body_reader& in, http::stream& out) -> asio::awaitable<void> {
             for (std::string_view piece; !(piece = co_await in.read()).empty();) co_await out.write(piece);
           });
  app.get("/", [] { return http::text("root"); });
}

const std::string chunked = " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("content in pieces, however it comes", "[http][upload]") {
  http::server_options options;
  options.body_bytes = 64 * 1024 * 1024;
  test::running_server server(upload_routes, options);
  client c(server.port());
  CHECK(c.ask(post("/count", "")).body == "0 0");
  CHECK(c.ask(post("/count", "abc")).body == "3 294");
  CHECK(c.ask("POST /count" + chunked + "2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: t\r\n\r\n").body == "3 294");
  const std::string large(5'000'000, '\1');
  CHECK(c.ask(post("/count", large)).body == "5000000 5000000");
  // Behind it the connection goes on, with what was sent along.
  c.send(post("/count", "abc") + get("/") + post("/count", large) + get("/"));
  CHECK(c.read().body == "3 294");
  CHECK(c.read().body == "root");
  CHECK(c.read().body == "5000000 5000000");
  CHECK(c.read().body == "root");
  client slow(server.port());
  slow.send_slowly("POST /count" + chunked + "3\r\nabc\r\n0\r\n\r\n");
  CHECK(slow.read().body == "3 294");
}

TEST_CASE("the handler begins before the content is there", "[http][upload]") {
  test::running_server server(upload_routes);
  client c(server.port());
  c.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  REQUIRE(server.eventually([](const auto& n) { return n.in_progress == 1 && seen == 3; }));
  c.send("def");
  CHECK(c.read().body == "6 597");
}

TEST_CASE("a client that waits to be asked is asked at the first read, or never", "[http][upload]") {
  test::running_server server(upload_routes);
  const std::string fields = " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  client c(server.port());
  CHECK(c.ask("POST /count" + fields).status == 100);
  CHECK(c.ask("abc").body == "3 294");
  client refused(server.port());
  const auto answer = refused.ask("POST /never" + fields);
  CHECK(answer.status == 200);
  CHECK(answer.has("Connection: close\r\n"));
  CHECK(refused.closed());
}

TEST_CASE("an early answer ends the connection, and arrives", "[http][upload]") {
  http::server_options options;
  options.body_bytes = 64 * 1024 * 1024;
  test::running_server server(upload_routes, options);
  for (const char* path : {"/early", "/never"}) {
    client c(server.port());
    c.send(post(path, std::string(4'000'000, 'x')) + get("/"));
    const auto answer = c.read();
    CHECK(answer.status == (std::string(path) == "/early" ? 403U : 200U));
    CHECK(answer.has("Connection: close\r\n"));
    CHECK(c.closed());
  }
}

TEST_CASE("content that is too large, malformed or too slow: the client hears of it", "[http][upload]") {
  http::server_options options;
  options.body_progress_time = 60ms;
  test::running_server server(upload_routes, options);
  CHECK(client(server.port()).ask(post("/small", "0123456789")).status == 200);
  CHECK(client(server.port()).ask(post("/small", "0123456789a")).status == 413);
  const auto chunks = [&](const std::string& content) {
    client c(server.port());
    const auto answer = c.ask("POST /small" + chunked + content);
    CHECK(answer.has("Connection: close\r\n"));
    CHECK(c.closed());
    return answer.status;
  };
  CHECK(chunks("5\r\n01234\r\n6\r\n56789a\r\n0\r\n\r\n") == 413);
  CHECK(chunks("5\r\n01234\r\nx") == 400);
  CHECK(chunks("5\r\n012") == 408);
  CHECK(server.failures().empty());
  CHECK(server.counters().timed_out == 1);
}

TEST_CASE("a client that leaves in the middle takes its handler with it", "[http][upload]") {
  test::running_server server(upload_routes);
  for (const bool reset : {true, false}) {
    client c(server.port());
    c.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    REQUIRE(server.eventually([](const auto& n) { return n.in_progress == 1; }));
    if (reset) c.abort();
    else c.close();
    CHECK(server.eventually([](const auto& n) { return n.open == 0 && n.in_progress == 0; }));
  }
  CHECK(server.failures().empty());
}

TEST_CASE("both ways at once", "[http][upload][stream]") {
  http::server_options options;
  options.body_bytes = 64 * 1024 * 1024;
  test::running_server server(upload_routes, options);
  client c(server.port());
  c.send("POST /echo" + chunked + "3\r\nabc\r\n");
  CHECK(c.read().has("Transfer-Encoding: chunked\r\n"));
  std::string piece;
  REQUIRE(c.read_chunk(piece));
  CHECK(piece == "abc");
  c.send("2\r\nde\r\n0\r\n\r\n" + get("/"));
  CHECK(c.read_chunks() == "de");
  CHECK(c.read().body == "root");
  std::string large(3'000'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 % 251);
  std::thread sending([&] { c.send(post("/echo", large)); });
  CHECK(c.read().status == 200);
  CHECK(c.read_chunks() == large);
  sending.join();
}
