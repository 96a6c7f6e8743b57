// SPDX-License-Identifier: BSL-1.0
// Answers that are made piece by piece.
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <stdexcept>
#include <string>

using namespace cluster;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using test::client;
using test::get;

namespace {

using work = asio::awaitable<void>;

asio::awaitable<void> a_moment() {
  asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> for_ever() {
  asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  co_await timer.async_wait(asio::use_awaitable);
}

void stream_routes(http::router& app) {
  app.get("/", [] { return http::text("root"); });
  app.get("/pieces", [](const http::request&, http::stream& out) -> work {
    out.start(http::text("one ").set("X-A", "b"));
    co_await out.write("two ");
    co_await out.write("");  // would be the end if it went out
    co_await a_moment();
    co_await out.write("three");
  });
  app.get("/bare", [](const http::request&, http::stream& out) -> work { co_await out.write("bare"); });
  app.get("/nothing", [](const http::request&, http::stream&) -> work { co_return; });
  app.get("/status", [](const http::request& q, http::stream& out) -> work {
    out.start(http::status(static_cast<unsigned>(std::stoi(std::string(q.query("s"))))));
    co_await out.write("content");
  });
  app.get("/closes", [](const http::request&, http::stream& out) -> work {
    out.start(http::response().close());
    co_await out.write("bye");
  });
}

}  // namespace

TEST_CASE("an answer in pieces is chunked, and the connection goes on", "[http][stream]") {
  test::running_server server(stream_routes);
  client c(server.port());
  c.send(get("/pieces") + get("/") + get("/bare") + get("/nothing") + get("/"));
  const auto head = c.read();
  CHECK(head.status == 200);
  CHECK(head.has("Transfer-Encoding: chunked\r\n"));
  CHECK(head.has("Content-Type: text/plain; charset=utf-8\r\n"));
  CHECK(head.has("X-A: b\r\n"));
  CHECK(head.has("\r\nDate: "));
  CHECK_FALSE(head.has("Content-Length"));
  CHECK(c.read_chunks() == "one two three");
  CHECK(c.read().body == "root");
  CHECK(c.read().status == 200);
  CHECK(c.read_chunks() == "bare");
  const auto nothing = c.read();
  CHECK(nothing.has("Content-Length: 0\r\n"));
  CHECK(c.read().body == "root");
}

TEST_CASE("no chunks where the version, the method or the status forbids them", "[http][stream]") {
  test::running_server server(stream_routes);
  client old(server.port());
  old.send("GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto head = old.read();
  CHECK(head.has("Connection: close\r\n"));
  CHECK_FALSE(head.has("Transfer-Encoding"));
  CHECK(old.read_rest() == "one two three");

  client c(server.port());
  c.send("HEAD /pieces HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(c.read(true).has("X-A: b\r\n"));
  CHECK(c.ask(get("/")).body == "root");
  for (const std::string status : {"204", "304"}) {
    c.send(get("/status?s=" + status));
    const auto none = c.read(true);
    CHECK(none.status == static_cast<unsigned>(std::stoi(status)));
    CHECK_FALSE(none.has("Transfer-Encoding"));
    CHECK(c.ask(get("/")).body == "root");
  }
  client closing(server.port());
  closing.send(get("/closes") + get("/"));
  CHECK(closing.read().has("Connection: close\r\n"));
  CHECK(closing.read_chunks() == "bye");
  CHECK(closing.closed());
}

TEST_CASE("an exception: 500 before the beginning, a reset after it", "[http][stream]") {
  test::running_server server([](http::router& app) {
    app.get("/before", [](const http::request&, http::stream&) -> work {
      co_await a_moment();
      throw std::runtime_error("before");
    });
    app.get("/after", [](const http::request&, http::stream& out) -> work {
      co_await out.write("part");
      co_await a_moment();
      throw std::runtime_error("after");
    });
    app.get("/twice", [](const http::request&, http::stream& out) -> work {
      out.start(http::response());
      out.start(http::response());
      co_return;
    });
  });
  client c(server.port());
  CHECK(c.ask(get("/before")).status == 500);
  for (const char* path : {"/after", "/twice"}) {
    client cut(server.port());
    cut.send(get(path));
    cut.read();
    std::string piece;
    while (cut.read_chunk(piece)) CHECK_FALSE(piece.empty());
    CHECK(cut.finish() != client::end::more_octets);
  }
  CHECK(server.eventually([](const auto& n) { return n.open == 1 && n.in_progress == 0; }));
  CHECK(server.failures() == std::vector<std::string>{"GET /before: before", "GET /after: after",
                                                      "GET /twice: stream: started twice"});
}

TEST_CASE("a client that does not keep up holds its stream back, not the server", "[http][stream]") {
  std::atomic<std::size_t> written{0};
  const std::string piece(64 * 1024, 'x');
  constexpr std::size_t pieces = 160;  // 10 MiB
  http::server_options options;
  test::running_server server(
      [&](http::router& app) {
        app.get("/flood", [&](const http::request&, http::stream& out) -> work {
          for (std::size_t i = 0; i < pieces; ++i) {
            co_await out.write(piece);
            ++written;
          }
        });
        app.get("/", [] { return http::text("root"); });
      },
      options);
  client slow(server.port(), 4096);
  slow.send(get("/flood"));
  REQUIRE(server.eventually([&](const auto&) { return written != 0; }));
  // What it takes without being read is in the kernel and in the buffer; more is not made.
  std::size_t seen;
  do {
    seen = written;
    for (int i = 0; i < 20; ++i) CHECK(client(server.port()).ask(get("/")).body == "root");
  } while (seen != written);
  CHECK(seen < pieces);
  slow.receive_buffer(4 * 1024 * 1024);  // from now on it is a fast one
  CHECK(slow.read().status == 200);
  CHECK(slow.read_chunks().size() == pieces * piece.size());
  CHECK(written == pieces);
}

TEST_CASE("a stream that never waits lets others have their turn", "[http][stream]") {
  test::running_server server([](http::router& app) {
    app.get("/endless", [](const http::request&, http::stream& out) -> work {
      for (;;) co_await out.write("0123456789abcdef");
    });
    app.get("/", [] { return http::text("root"); });
  });
  client reader(server.port());
  reader.send(get("/endless"));
  REQUIRE(reader.read().status == 200);
  std::thread reading([&] {
    std::string piece;
    for (int i = 0; i < 200'000 && reader.read_chunk(piece); ++i) {}
    reader.abort();
  });
  for (int i = 0; i < 20; ++i) CHECK(client(server.port()).ask(get("/")).body == "root");
  reading.join();
  CHECK(server.eventually([](const auto& n) { return n.open == 0 && n.in_progress == 0; }));
  CHECK(server.failures().empty());
}

TEST_CASE("a stream whose client goes away is cancelled", "[http][stream]") {
  std::atomic<int> cancelled{0};
  test::running_server server([&](http::router& app) {
    app.get("/wait", [&](const http::request&, http::stream& out) -> work {
      co_await out.write("begun");
      try {
        co_await for_ever();
      } catch (const boost::system::system_error&) {
        ++cancelled;
        throw;
      }
    });
  });
  for (const bool reset : {true, false}) {
    client c(server.port());
    c.send(get("/wait"));
    REQUIRE(c.read().status == 200);
    if (reset) c.abort();
    else c.close();
    CHECK(server.eventually([](const auto& n) { return n.open == 0 && n.in_progress == 0; }));
  }
  CHECK(cancelled == 2);
  CHECK(server.failures().empty());
}

TEST_CASE("events end in good order when the server is to leave; other streams are finished",
          "[http][stream][drain]") {
  std::atomic<bool> go{false};
  test::running_server server([&](http::router& app) {
    app.get("/events", [](const http::request& q, http::stream& out) -> work {
      http::event_stream events(out);
      const std::string data = "last " + std::string(q.field("Last-Event-ID"));
      co_await events.send(data, {}, "8");
      co_await events.keep_alive();
      co_await for_ever();
    });
    app.get("/long", [&](const http::request&, http::stream& out) -> work {
      co_await out.write("begun ");
      while (!go) co_await a_moment();
      co_await out.write("ended");
    });
  });
  client listener(server.port());
  listener.send(get("/events", "Last-Event-ID: 7\r\n"));
  const auto head = listener.read();
  CHECK(head.has("Content-Type: text/event-stream\r\n"));
  CHECK(head.has("Cache-Control: no-store\r\n"));
  std::string piece;
  REQUIRE(listener.read_chunk(piece));
  CHECK(piece == "id: 8\ndata: last 7\n\n");
  client other(server.port());
  other.send(get("/long"));
  REQUIRE(other.read().status == 200);
  auto drained = server.drain(10s);
  CHECK(listener.read_chunks() == ":\n\n");
  go = true;
  CHECK(other.read_chunks() == "begun ended");
  CHECK(drained.get() == error_code());
}
