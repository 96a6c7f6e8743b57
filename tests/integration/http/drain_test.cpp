// SPDX-License-Identifier: BSL-1.0
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <string>

using namespace cluster;
using namespace std::chrono_literals;
using test::client;
using test::get;

namespace {

void drain_routes(http::router& app) {
  app.get("/", [] { return http::text("root"); });
  app.post("/", [](const http::request& q) { return http::text(std::string(q.body())); });
  app.get("/ms/{n}", [](const http::request& q) -> boost::asio::awaitable<http::response> {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                    std::chrono::milliseconds(std::stoi(std::string(q.param("n")))));
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return http::text("done");
  });
}

constexpr auto ready = std::future_status::ready;

}  // namespace

TEST_CASE("a drain with nothing to do completes", "[http][drain]") {
  test::running_server server(drain_routes);
  auto drained = server.drain(10s);
  REQUIRE(drained.wait_for(5s) == ready);
  CHECK_FALSE(drained.get());
}

TEST_CASE("a drain finishes what is there", "[http][drain]") {
  http::server_options options;
  options.drain_idle_time = 5s;
  std::atomic<bool> go{false};
  test::running_server server(
      [&go](http::router& app) {
        drain_routes(app);
        app.get("/until", [&go]() -> boost::asio::awaitable<http::response> {
          boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
          while (!go) {
            timer.expires_after(1ms);
            co_await timer.async_wait(boost::asio::use_awaitable);
          }
          co_return http::text("done");
        });
      },
      options);
  client idle(server.port());
  client waiting(server.port());
  client uploading(server.port());
  client halfway(server.port());
  client fresh(server.port());
  CHECK(idle.ask(get("/")).status == 200);
  waiting.send(get("/until") + get("/"));
  uploading.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
  halfway.send("GET / HT");
  REQUIRE(server.eventually([](const auto& n) { return n.in_progress == 1 && n.bytes_received > 120; }));

  auto drained = server.drain(10s);
  const auto last_answer = [](const test::reply& r) {
    return r.status == 200 && r.has("Connection: close\r\n");
  };
  CHECK(last_answer(uploading.ask("llo")));
  CHECK(last_answer(halfway.ask("TP/1.1\r\nHost: a\r\n\r\n")));
  CHECK(last_answer(fresh.ask(get("/"))));
  CHECK(last_answer(idle.ask(get("/"))));
  go = true;
  CHECK(last_answer(waiting.read()));
  for (client* c : {&uploading, &halfway, &fresh, &idle, &waiting}) {
    CHECK(c->closed());
    c->close();
  }
  REQUIRE(drained.wait_for(5s) == ready);
  CHECK_FALSE(drained.get());
}

TEST_CASE("connections that are pending when a drain begins are answered", "[http][drain]") {
  test::running_server server(drain_routes);
  std::vector<client> clients;
  std::future<error_code> drained;
  auto promise = std::make_shared<std::promise<error_code>>();
  server.ask([&](http::server& s) {
    // Nobody accepts while this runs.
    for (int i = 0; i < 50; ++i) {
      clients.emplace_back(server.port());
      clients.back().send(get("/"));
    }
    s.async_drain(std::chrono::steady_clock::now() + 10s,
                  [promise](error_code ec) { promise->set_value(ec); });
    return 0;
  });
  for (client& c : clients) {
    const auto r = c.read();
    CHECK(r.status == 200);
    CHECK(r.has("Connection: close\r\n"));
    CHECK(c.closed());
    c.close();
  }
  auto done = promise->get_future();
  REQUIRE(done.wait_for(5s) == ready);
  CHECK_FALSE(done.get());
}

TEST_CASE("idle connections do not hold a drain up", "[http][drain]") {
  http::server_options options;
  options.linger_time = 50ms;
  SECTION("after their grace") { options.drain_idle_time = 50ms; }
  SECTION("without any") { options.drain_idle_time = 0ms; }
  test::running_server server(drain_routes, options);
  client idle(server.port());
  CHECK(idle.ask(get("/")).status == 200);
  auto drained = server.drain(10s);
  CHECK(idle.closed());
  REQUIRE(drained.wait_for(5s) == ready);
  CHECK_FALSE(drained.get());
}

TEST_CASE("the hard deadline cuts off what is left", "[http][drain]") {
  test::running_server server(drain_routes);
  client c(server.port());
  c.send(get("/ms/60000"));
  REQUIRE(server.eventually([](const auto& n) { return n.in_progress == 1; }));
  auto drained = server.drain(50ms);
  REQUIRE(drained.wait_for(5s) == ready);
  CHECK(drained.get() == error::timed_out);
  CHECK(c.read().status == 0);
}
