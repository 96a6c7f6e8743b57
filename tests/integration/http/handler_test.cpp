// SPDX-License-Identifier: BSL-1.0
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <stdexcept>
#include <string>

using namespace cluster;
namespace asio = boost::asio;
using test::client;
using test::get;
using test::post;

namespace {

using answer = asio::awaitable<http::response>;

// Lets handlers wait until the test says go.
class gate {
 public:
  explicit gate(asio::io_context& context) : timer_(context, asio::steady_timer::time_point::max()) {}

  asio::awaitable<void> pass() {
    ++waiting;
    boost::system::error_code ec;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  }
  void open() { timer_.cancel(); }
  int waiting = 0;

 private:
  asio::steady_timer timer_;
};

}  // namespace

TEST_CASE("an exception costs its request and nothing else", "[http][handler]") {
  test::running_server server([](http::router& app) {
    app.get("/ok", [] { return http::text("ok"); });
    app.get("/throw", []() -> http::response { throw std::runtime_error("no luck"); });
    app.get("/odd", []() -> http::response { throw 42; });
    app.get("/split", [](const http::request& q) { return http::text("x").set("X-A", q.query("v")); });
    app.get("/later", []() -> answer {
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
      throw std::runtime_error("later");
    });
    app.get("/at-once", []() -> answer {
      throw std::runtime_error("at once");
      co_return http::response();
    });
    app.get("/no-coroutine", [](const http::request&) -> answer { throw std::runtime_error("before"); });
  });
  client c(server.port());
  for (const char* path : {"/throw", "/odd", "/split?v=a%0d%0ab", "/later", "/at-once", "/no-coroutine"}) {
    INFO(path);
    const auto r = c.ask(get(path));
    CHECK(r.status == 500);
    CHECK_FALSE(r.has("X-A"));
    CHECK(c.ask(get("/ok")).body == "ok");
  }
  CHECK(server.counters().failures == 6);
  const auto failures = server.failures();
  REQUIRE(failures.size() == 6);
  CHECK(failures[0] == "GET /throw: no luck");
  CHECK(failures[1] == "GET /odd: unknown exception");
  CHECK(failures[3] == "GET /later: later");
}

TEST_CASE("a coroutine keeps its request while it waits", "[http][handler]") {
  std::unique_ptr<gate> g;
  test::running_server server([&](http::router& app) {
    app.post("/wait/{id}", [&](const http::request& q) -> answer {
      const std::string_view id = q.param("id");
      const std::string_view name = q.field("X-Name");
      const std::string_view body = q.body();
      co_await g->pass();
      co_return http::text(std::string(id) + " " + std::string(name) + " " + std::string(body));
    });
    app.get("/echo/{x}", [](const http::request& q) { return http::text(std::string(q.param("x"))); });
  });
  g = std::make_unique<gate>(server.context());
  client c(server.port());
  // Octets behind the waiting request are read with it and stay where they do not disturb its views.
  c.send("POST /wait/seven HTTP/1.1\r\nHost: a\r\nX-Name: n\r\nContent-Length: 4\r\n\r\nbody" +
         get("/echo/1") + get("/echo/2"));
  REQUIRE(server.eventually([](const auto& n) { return n.in_progress == 1; }));
  client other(server.port());
  for (int i = 0; i < 10; ++i) CHECK(other.ask(get("/echo/" + std::string(500, 'x'))).status == 200);
  CHECK(server.counters().requests == 11);
  server.ask([&](auto&) {
    g->open();
    return 0;
  });
  CHECK(c.read().body == "seven n body");
  CHECK(c.read().body == "1");
  CHECK(c.read().body == "2");
  CHECK(server.counters().in_progress == 0);
  server.ask([&](auto&) {
    g.reset();
    return 0;
  });
}

TEST_CASE("coroutines that complete at once, pipelined", "[http][handler]") {
  test::running_server server([](http::router& app) {
    app.get("/now/{x}",
            [](const http::request& q) -> answer { co_return http::text(std::string(q.param("x"))); });
    app.get("/soon/{x}", [](const http::request& q) -> answer {
      asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
      co_await timer.async_wait(asio::use_awaitable);
      co_return http::text(std::string(q.param("x")));
    });
    app.get("/plain/{x}", [](const http::request& q) { return http::text(std::string(q.param("x"))); });
  });
  client c(server.port());
  std::string batch;
  for (int i = 0; i < 60; ++i) {
    const char* const kind = i % 3 == 0 ? "/now/" : i % 3 == 1 ? "/soon/" : "/plain/";
    batch += get(kind + std::to_string(i));
  }
  c.send(batch);
  for (int i = 0; i < 60; ++i) REQUIRE(c.read().body == std::to_string(i));
}

TEST_CASE("a client that goes while its handler runs", "[http][handler]") {
  std::unique_ptr<gate> g;
  test::running_server server([&](http::router& app) {
    app.get("/wait", [&]() -> answer {
      co_await g->pass();
      co_return http::text(std::string(100, 'x'));
    });
    app.get("/ok", [] { return http::text("ok"); });
  });
  g = std::make_unique<gate>(server.context());
  for (const bool reset : {true, false}) {
    client c(server.port());
    c.send(get("/wait"));
    REQUIRE(server.eventually([](const auto& n) { return n.in_progress == 1; }));
    if (reset) c.abort();
    else c.close();
    // A reset shows at once; an orderly end is only seen when the answer has been tried.
    if (reset) CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
    client other(server.port());
    CHECK(other.ask(get("/ok")).body == "ok");
    other.close();
    server.ask([&](auto&) {
      g->open();
      return 0;
    });
    CHECK(server.eventually([](const auto& n) { return n.in_progress == 0 && n.open == 0; }));
  }
  server.ask([&](auto&) {
    g.reset();
    return 0;
  });
}

TEST_CASE("a server that stops while handlers wait", "[http][handler]") {
  std::unique_ptr<gate> g;
  {
    test::running_server server([&](http::router& app) {
      app.get("/wait", [&]() -> answer {
        co_await g->pass();
        co_return http::text("too late");
      });
    });
    g = std::make_unique<gate>(server.context());
    client c(server.port());
    c.send(get("/wait"));
    REQUIRE(server.eventually([](const auto& n) { return n.in_progress == 1; }));
    server.ask([&](http::server& s) {
      s.stop();
      g->open();
      return 0;
    });
    CHECK(c.read().status == 0);
    server.ask([&](auto&) {
      g.reset();
      return 0;
    });
  }
}
