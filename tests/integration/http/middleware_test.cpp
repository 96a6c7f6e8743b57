// SPDX-License-Identifier: BSL-1.0
// Hooks round handlers, mounted routers, limits of a route, and what an access log sees.
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace cluster;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using test::client;
using test::get;
using test::post;

namespace {

using answer = asio::awaitable<http::response>;
using early_answer = asio::awaitable<std::optional<http::response>>;

// Leaves its letter in a field of the answer, so that the order can be seen.
http::after_hook mark(const std::string& letter) {
  return [letter](const http::request&, http::response& r) {
    r.set("X-Path", std::string(r.field("X-Path")) + letter);
  };
}

answer later(std::string content) {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  co_return http::text(std::move(content));
}

}  // namespace

TEST_CASE("hooks run round the handler, those of a mounted router inside", "[http][middleware]") {
  test::running_server server([](http::router& app) {
    const auto note = [](const std::string& letter) {
      return [letter](const http::request& q) {
        auto& all = q.attachment();
        if (!all.has_value()) all = std::string();
        std::any_cast<std::string&>(all) += letter;
      };
    };
    http::router inner;
    inner.get("/",
              [](const http::request& q) { return http::text(std::any_cast<std::string>(q.attachment())); });
    inner.get("/later/{x}", [](const http::request& q) {
      return later(std::any_cast<std::string>(q.attachment()) + std::string(q.param("x")));
    });
    inner.before(note("c")).after(mark("C")).fallback([] { return http::text("inner fallback", 404); });
    app.before(note("a")).after(mark("A"));
    app.before(note("b")).after(mark("B"));
    app.mount("/in/{name}", std::move(inner));
    app.get("/",
            [](const http::request& q) { return http::text(std::any_cast<std::string>(q.attachment())); });
  });
  client c(server.port());
  const auto outer = c.ask(get("/"));
  CHECK(outer.body == "ab");
  CHECK(outer.has("X-Path: BA\r\n"));
  for (int i = 0; i < 2; ++i) {  // attachments are gone with their request
    const auto inner = c.ask(get("/in/x"));
    CHECK(inner.body == "abc");
    CHECK(inner.has("X-Path: CBA\r\n"));
  }
  const auto waited = c.ask(get("/in/x/later/y"));
  CHECK(waited.body == "abcy");
  CHECK(waited.has("X-Path: CBA\r\n"));
  const auto missing = c.ask(get("/in/x/nowhere"));
  CHECK(missing.body == "inner fallback");
  CHECK(missing.has("X-Path: CBA\r\n"));
  // What the router answers itself has gone through its hooks as well.
  const auto nowhere = c.ask(get("/nowhere"));
  CHECK(nowhere.status == 404);
  CHECK(nowhere.has("X-Path: BA\r\n"));
  const auto wrong = c.ask(post("/", ""));
  CHECK(wrong.status == 405);
  CHECK(wrong.has("Allow: GET, HEAD, OPTIONS\r\n"));
  CHECK(wrong.has("X-Path: BA\r\n"));
}

TEST_CASE("a hook that answers keeps everything behind it from running", "[http][middleware]") {
  std::atomic<int> reached{0};
  test::running_server server([&](http::router& app) {
    const bool waits = GENERATE(false, true);
    if (waits)
      app.before([](const http::request& q) -> early_answer {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        if (q.field("Authorization") == "let me in") co_return std::nullopt;
        co_return http::status(401).set("WWW-Authenticate", "Basic");
      });
    else
      app.before([](const http::request& q) -> std::optional<http::response> {
        if (q.field("Authorization") == "let me in") return std::nullopt;
        return http::status(401).set("WWW-Authenticate", "Basic");
      });
    app.before([&](const http::request&) { ++reached; });
    app.after(mark("A"));
    app.get("/plain", [&] { return http::text("secret"); });
    app.get("/later", [&](const http::request&) { return later("secret"); });
  });
  client c(server.port());
  for (const char* path : {"/plain", "/later", "/nowhere"}) {
    INFO(path);
    const auto out = c.ask(get(path));
    CHECK(out.status == 401);
    CHECK(out.has("WWW-Authenticate: Basic\r\n"));
    CHECK(out.has("X-Path: A\r\n"));
    CHECK(reached == 0);
    const auto in = c.ask(get(path, "Authorization: let me in\r\n"));
    CHECK(in.status == (std::string(path) == "/nowhere" ? 404U : 200U));
    CHECK(reached.exchange(0) == 1);
  }
}

TEST_CASE("hooks that throw cost their request and nothing else", "[http][middleware]") {
  test::running_server server([](http::router& app) {
    app.before([](const http::request& q) {
      if (q.has_query("before")) throw std::runtime_error("before");
    });
    app.after([](const http::request& q, http::response&) {
      if (q.has_query("after")) throw std::runtime_error("after");
    });
    app.get("/plain", [] { return http::text("ok"); });
    app.get("/later", [](const http::request&) { return later("ok"); });
  });
  client c(server.port());
  for (const std::string path : {"/plain", "/later"}) {
    CHECK(c.ask(get(path + "?before")).status == 500);
    CHECK(c.ask(get(path + "?after")).status == 500);
    CHECK(c.ask(get(path)).body == "ok");
  }
  CHECK(server.failures() == std::vector<std::string>{"GET /plain: before", "GET /plain: after",
                                                      "GET /later: before", "GET /later: after"});
}

TEST_CASE("a route's own limit of content", "[http][limits]") {
  http::server_options options;
  options.body_bytes = 10;
  test::running_server server(
      [](http::router& app) {
        const auto size = [](const http::request& q) { return http::text(std::to_string(q.body().size())); };
        app.post("/usual", size);
        app.post("/more", size, {.body_bytes = 100});
        app.post("/less", size, {.body_bytes = 5});
        app.post("/none", size, {.body_bytes = 0});
      },
      options);
  struct row {
    const char* path;
    std::size_t size;
    unsigned status;
  };
  for (const row& r : {row{"/usual", 10, 200},
                       {"/usual", 11, 413},
                       {"/more", 100, 200},
                       {"/more", 101, 413},
                       {"/less", 5, 200},
                       {"/less", 6, 413},
                       {"/none", 0, 200},
                       {"/none", 1, 413},
                       {"/nowhere", 10, 404},
                       {"/nowhere", 11, 413}}) {
    INFO(r.path << " " << r.size);
    const std::string content(r.size, 'x');
    CHECK(client(server.port()).ask(post(r.path, content)).status == r.status);
    char size[16];
    std::snprintf(size, sizeof size, "%zx", r.size);
    const std::string chunk = r.size == 0 ? "" : size + ("\r\n" + content + "\r\n");
    CHECK(client(server.port())
              .ask("POST " + std::string(r.path) +
                   " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + "0\r\n\r\n")
              .status == r.status);
  }
}

TEST_CASE("a coroutine that takes too long is cancelled: 503", "[http][limits]") {
  std::atomic<int> cancelled{0};
  http::server_options options;
  options.linger_time = 40ms;  // makes the ticks short
  test::running_server server(
      [&](http::router& app) {
        app.get("/hang",
                [&]() -> answer {
                  asio::steady_timer timer(co_await asio::this_coro::executor,
                                           asio::steady_timer::time_point::max());
                  try {
                    co_await timer.async_wait(asio::use_awaitable);
                  } catch (const boost::system::system_error&) {
                    ++cancelled;
                    throw;
                  }
                  co_return http::text("never");
                },
                {.handler_time = 30ms});
        app.get("/", [] { return http::text("ok"); });
      },
      options);
  client c(server.port());
  CHECK(c.ask(get("/hang")).status == 503);
  CHECK(cancelled == 1);
  CHECK(c.ask(get("/")).body == "ok");
  CHECK(server.failures().empty());
}

TEST_CASE("the limit of all requests: 503 and the end of the connection, also if the handler does not end",
          "[http][limits]") {
  http::server_options options;
  options.linger_time = 40ms;  // makes the ticks short
  options.request_time = 30ms;
  const bool stubborn = GENERATE(false, true);
  test::running_server server(
      [&](http::router& app) {
        app.get("/hang", [=]() -> answer {
          const auto end = std::chrono::steady_clock::now() + (stubborn ? 2s : 1h);
          boost::system::error_code ec;
          asio::steady_timer timer(co_await asio::this_coro::executor, end);
          if (stubborn) co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
          co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
          if (ec) throw boost::system::system_error(ec);
          co_return http::text("too late");
        });
        app.get("/long",
                [=]() -> answer {
                  asio::steady_timer timer(co_await asio::this_coro::executor, 150ms);
                  co_await timer.async_wait(asio::use_awaitable);
                  co_return http::text("its own time");
                },
                {.handler_time = 10s});
        app.get("/stream", [](const http::request&, http::stream& out) -> asio::awaitable<void> {
          out.start(http::text(""));
          asio::steady_timer timer(co_await asio::this_coro::executor, 150ms);
          co_await timer.async_wait(asio::use_awaitable);
          co_await out.write("whole");
        });
        app.get("/", [] { return http::text("ok"); });
      },
      options);
  client c(server.port());
  const auto got = c.ask(get("/hang"));
  CHECK(got.status == 503);
  CHECK(c.closed());
  client other(server.port());
  CHECK(other.ask(get("/long")).body == "its own time");
  CHECK(other.ask(get("/")).body == "ok");
  client reader(server.port());
  CHECK(reader.ask(get("/stream")).status == 200);
  CHECK(reader.read_chunks() == "whole");
  CHECK(server.eventually([](const auto& n) { return n.in_progress == 0; }));
  CHECK(server.failures().empty());
}

TEST_CASE("a client that goes away takes its coroutine with it", "[http][cancel]") {
  std::atomic<int> cancelled{0};
  http::server_options options;
  const bool half = GENERATE(false, true);
  options.end_cancels = half;
  test::running_server server(
      [&](http::router& app) {
        app.get("/hang", [&]() -> answer {
          asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
          boost::system::error_code ec;
          co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
          if (ec == asio::error::operation_aborted) ++cancelled;
          throw boost::system::system_error(ec);
        });
      },
      options);
  client c(server.port());
  c.send(get("/hang"));
  REQUIRE(server.eventually([](const auto& n) { return n.in_progress == 1; }));
  if (half) c.close();
  else c.abort();
  CHECK(server.eventually([](const auto& n) { return n.in_progress == 0 && n.open == 0; }));
  CHECK(cancelled == 1);
  CHECK(server.failures().empty());
}

TEST_CASE("a handler in a thread pool does not hold up the loop", "[http][pool]") {
  asio::thread_pool pool(2);
  std::atomic<bool> go{false};
  std::thread::id loop_thread;
  {
    test::running_server server([&](http::router& app) {
      app.post("/block", http::in_pool(pool.get_executor(), [&](const http::request& q) {
                 while (!go) std::this_thread::yield();
                 if (q.body() == "throw") throw std::runtime_error("blocked");
                 return http::text(std::string(q.body()) +
                                   (std::this_thread::get_id() == loop_thread ? " loop" : ""));
               }));
      app.get("/", [] { return http::text("ok"); });
    });
    loop_thread = server.ask([](auto&) { return std::this_thread::get_id(); });
    client a(server.port());
    client b(server.port());
    client leaves(server.port());
    a.send(post("/block", "content") + get("/"));
    b.send(post("/block", "throw"));
    leaves.send(post("/block", "nobody waits"));
    REQUIRE(server.eventually([](const auto& n) { return n.in_progress == 3; }));
    leaves.abort();
    CHECK(client(server.port()).ask(get("/")).body == "ok");
    go = true;
    CHECK(a.read().body == "content");
    CHECK(a.read().body == "ok");
    CHECK(b.read().status == 500);
    CHECK(server.eventually([](const auto& n) { return n.in_progress == 0; }));
    CHECK(server.failures() == std::vector<std::string>{"POST /block: blocked"});
    CHECK_THROWS_AS(http::in_pool(pool.get_executor(), [](const http::request&) { return later(""); }),
                    std::invalid_argument);
    pool.join();
  }
}

TEST_CASE("the access log sees every answer", "[http][log]") {
  std::mutex mutex;
  std::vector<std::string> lines;
  http::server_options options;
  options.on_access = [&](const http::access& what) {
    const std::lock_guard lock(mutex);
    std::string line = http::common_log_line(what, std::chrono::system_clock::time_point{});
    line += what.duration < 10s && what.duration >= 0s ? "" : " odd duration";
    lines.push_back(line);
    if (what.status == 404) throw std::runtime_error("log full");
  };
  test::running_server server(
      [](http::router& app) {
        app.get("/", [](const http::request& q) { return http::text(q.remote_address().substr(0, 10)); });
        app.get("/later", [](const http::request&) { return later("later"); });
      },
      options);
  client c(server.port());
  CHECK(c.ask(get("/?a=%22")).body == "127.0.0.1:");
  c.ask(get("/later"));
  c.send("HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  c.read(true);
  c.ask(get("/nowhere"));
  c.ask("BAD\r\n\r\n");
  const std::string start = "127.0.0.1 - - [01/Jan/1970:00:00:00 +0000] ";
  const std::lock_guard lock(mutex);
  CHECK(lines ==
        std::vector<std::string>{start + "\"GET /?a=%22 HTTP/1.1\" 200 10",
                                 start + "\"GET /later HTTP/1.1\" 200 5", start + "\"HEAD / HTTP/1.0\" 200 0",
                                 start + "\"GET /nowhere HTTP/1.1\" 404 10", start + "\"-\" 400 24"});
  CHECK(server.failures() == std::vector<std::string>{"on_access: log full"});
}
