// SPDX-License-Identifier: BSL-1.0
// A WebSocket session that leaves one server between two messages and goes on in another one.
#include "http/engine.hpp"
#include "support/catch.hpp"
#include "ws_client.hpp"

#include <cluster/http/router.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>

using namespace cluster;
using namespace std::chrono_literals;
using namespace cluster::test;

namespace {

// Answers with the number of the message in the session's whole life.
boost::asio::awaitable<void> count_aloud(const http::request& asked, http::websocket& session) {
  std::any& state = asked.connection_state();
  while (auto message = co_await session.read()) {
    const int number = state.has_value() ? std::stoi(std::any_cast<std::string>(state)) + 1 : 1;
    state = std::to_string(number);
    co_await session.send(std::to_string(number) + " " + message->data + " " + session.subprotocol() + " " +
                          std::string(asked.param("room")) + (session.resumed() ? " resumed" : ""));
  }
}

struct side {
  side() {
    app.websocket("/count/{room}", count_aloud, {.subprotocols = {"p"}, .moves = true});
    app.websocket("/stays", count_aloud);
    options.on_failure = [this](std::string_view where, std::string_view what) {
      failures.push_back(std::string(where) + ": " + std::string(what));
    };
    engine = std::make_shared<http::engine>(context, app.tree(), options);
    engine->set_mover({[this] { return possible; },
                       [this](moving_connection& what) {
                         if (refuses) return false;
                         left.push_back(std::move(what));
                         return true;
                       },
                       [] { return std::size_t{0}; }});
  }
  ~side() {
    engine->stop();
    run(1);
  }
  void drain() {
    const auto later = std::chrono::steady_clock::now() + 20s;
    engine->start_drain(later, later, [this](error_code ec) { drained = !ec; });
    run();
  }
  // Everything that is ready, and what comes of it.
  void run(int rounds = 20) {
    for (int i = 0; i < rounds; ++i) {
      context.restart();
      context.run_for(1ms);
    }
  }
  bool run_until(const std::function<bool()>& what) {
    for (int i = 0; i < 10'000 && !what(); ++i) run(1);
    return what();
  }

  boost::asio::io_context context;
  http::router app;
  http::server_options options;
  std::shared_ptr<http::engine> engine;
  std::vector<moving_connection> left;
  std::vector<std::string> failures;
  bool drained = false;
  bool possible = true;
  bool refuses = false;
};

struct line {
  line() {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    ::fcntl(fds[0], F_SETFL, ::fcntl(fds[0], F_GETFL) | O_NONBLOCK);
    ours = std::make_unique<client>(client::adopt_tag{}, fds[1]);
  }
  void begin(side& at, std::string_view target = "/count/7") {
    REQUIRE(at.engine->adopt({fds[0], {}, {}, false}));
    ours->send(handshake(target, "Sec-WebSocket-Protocol: p\r\n"));
    at.run();
    REQUIRE(ours->read().status == 101);
  }
  std::string ask(side& at, std::string_view octets) {
    ours->send(octets);
    at.run();
    return read_frame(*ours).payload;
  }
  int fds[2];
  std::unique_ptr<client> ours;
};

}  // namespace

TEST_CASE("a session moves with its state, and goes on moving", "[http][websocket][hand-off]") {
  line l;
  auto at = std::make_unique<side>();
  l.begin(*at);
  CHECK(l.ask(*at, frame(1, "a")) == "1 a p 7");
  for (int number = 2; number < 7; ++number) {
    at->drain();
    REQUIRE(at->left.size() == 1);
    CHECK(at->drained);
    CHECK(at->failures.empty());
    auto next = std::make_unique<side>();
    REQUIRE(next->engine->adopt(std::move(at->left[0])));
    at = std::move(next);
    CHECK(l.ask(*at, frame(1, "x")) == std::to_string(number) + " x p 7 resumed");
  }
  l.ours->send(close_frame(1000));
  at->run();
  CHECK(read_frame(*l.ours).code() == 1000);
}

TEST_CASE("a session moves wherever its octets are split, and loses none", "[http][websocket][hand-off]") {
  // Two messages, one of them in fragments with a ping between: it moves before the first, between the two,
  // or behind them, and never within one.
  const std::string octets = frame(1, "a", false) + frame(9, "p") + frame(0, "b") + frame(1, "c");
  for (std::size_t split = 0; split <= octets.size(); ++split) {
    INFO(split);
    line l;
    side a;
    side b;
    l.begin(a);
    l.ours->send(std::string_view(octets).substr(0, split));
    a.run(3);
    a.drain();
    l.ours->send(octets.substr(split));
    a.run(3);
    REQUIRE(a.run_until([&] { return a.left.size() == 1; }));
    REQUIRE(b.engine->adopt(std::move(a.left[0])));
    b.run();
    std::vector<std::string> messages;
    int pongs = 0;
    while (messages.size() < 2 || pongs < 1) {
      const auto got = read_frame(*l.ours);
      REQUIRE(got.opcode != no_frame);
      if (got.opcode == 10) ++pongs;
      else messages.push_back(got.payload.substr(0, got.payload.find(" p")));
    }
    CHECK(messages == std::vector<std::string>{"1 ab", "2 c"});
    CHECK(pongs == 1);
  }
}

TEST_CASE("a session that cannot move is served on, and one that came back too",
          "[http][websocket][hand-off]") {
  side a;
  line l;
  l.begin(a);
  a.refuses = true;
  a.drain();
  CHECK(a.left.empty());
  CHECK(l.ask(a, frame(1, "a")) == "1 a p 7");
  a.refuses = false;
  a.engine->on_move_change();
  REQUIRE(a.run_until([&] { return a.left.size() == 1; }));
  // Back again, because the other side never took it.
  line keep;
  side b;
  l.ours->send(frame(1, "b"));
  auto back = std::move(a.left[0]);
  back.returned = true;
  keep.begin(b);
  b.possible = false;
  b.drain();
  REQUIRE(b.engine->adopt(std::move(back)));
  b.run();
  CHECK(read_frame(*l.ours).payload == "2 b p 7 resumed");
}

TEST_CASE("routes that do not move, and routes that are gone", "[http][websocket][hand-off]") {
  side a;
  line stays;
  stays.begin(a, "/stays");
  a.drain();
  CHECK(a.left.empty());
  CHECK(stays.ask(a, frame(1, "a")) == "1 a  ");

  side b;
  line moves;
  moves.begin(b);
  b.drain();
  REQUIRE(b.left.size() == 1);
  boost::asio::io_context context;
  const http::router empty;
  const auto other = std::make_shared<http::engine>(context, empty.tree(), http::server_options{});
  REQUIRE(other->adopt(std::move(b.left[0])));
  CHECK(read_frame(*moves.ours).code() == 1012);
  CHECK(moves.ours->closed());
  other->stop();
}
