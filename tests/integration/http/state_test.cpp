// SPDX-License-Identifier: BSL-1.0
// What an application keeps with a connection, in one server and from one to the next.
#include "client.hpp"
#include "http/engine.hpp"
#include "http/moved_state.hpp"
#include "running_server.hpp"

#include "support/catch.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>

using namespace cluster;
using namespace std::chrono_literals;
using test::client;
using test::get;

namespace {

struct visits {
  int count = 0;
};

void state_routes(http::router& app) {
  app.get("/visits", [](const http::request& q) {
    std::any& state = q.connection_state();
    if (!state.has_value()) state = visits{};
    return http::text(std::to_string(++std::any_cast<visits&>(state).count));
  });
  app.get("/text", [](const http::request& q) {
    std::any& state = q.connection_state();
    if (q.has_query("set")) state = std::string(q.query("set"));
    return http::text(state.has_value() ? std::any_cast<std::string>(state) : "nothing");
  });
}

http::server_options with_hooks() {
  http::server_options options;
  options.save_state = [](const std::any& state) {
    return std::to_string(std::any_cast<const visits&>(state).count);
  };
  options.restore_state = [](std::string_view octets) {
    return std::any(visits{std::stoi(std::string(octets))});
  };
  return options;
}

/// A server without a thread; what leaves it is kept.
struct side {
  explicit side(http::server_options options) {
    state_routes(app);
    options.on_failure = [this](std::string_view where, std::string_view what) {
      failures.push_back(std::string(where) + ": " + std::string(what));
    };
    engine = std::make_shared<http::engine>(context, app.tree(), std::move(options));
    engine->set_mover({[] { return true; },
                       [this](moving_connection& what) {
                         left.push_back(std::move(what));
                         return true;
                       },
                       [] { return std::size_t{0}; }});
  }
  ~side() {
    engine->stop();
    context.poll();
  }
  void drain() {
    const auto later = std::chrono::steady_clock::now() + 20s;
    engine->start_drain(later, later, [](error_code) {});
  }
  std::string ask(client& c, const std::string& target) {
    c.send(get(target));
    context.restart();
    context.run_for(5ms);
    return c.read().body;
  }

  boost::asio::io_context context;
  http::router app;
  std::shared_ptr<http::engine> engine;
  std::vector<moving_connection> left;
  std::vector<std::string> failures;
};

struct line {
  line() {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    ::fcntl(fds[0], F_SETFL, ::fcntl(fds[0], F_GETFL) | O_NONBLOCK);
    ours = std::make_unique<client>(client::adopt_tag{}, fds[1]);
  }
  moving_connection arriving(std::string state = {}) const { return {fds[0], {}, std::move(state), false}; }
  int fds[2];
  std::unique_ptr<client> ours;
};

}  // namespace

TEST_CASE("the state belongs to the connection: kept between requests, apart from others", "[http][state]") {
  test::running_server server(state_routes);
  for (int round = 0; round < 3; ++round) {  // objects of closed connections are used again: empty
    client a(server.port());
    client b(server.port());
    CHECK(a.ask(get("/visits")).body == "1");
    CHECK(a.ask(get("/visits")).body == "2");
    CHECK(b.ask(get("/visits")).body == "1");
    CHECK(a.ask(get("/visits")).body == "3");
    a.close();
    b.close();
    CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
  }
}

TEST_CASE("a state goes along by the two hooks", "[http][state]") {
  side a(with_hooks());
  side b(with_hooks());
  line l;
  REQUIRE(a.engine->adopt(l.arriving()));
  CHECK(a.ask(*l.ours, "/visits") == "1");
  CHECK(a.ask(*l.ours, "/visits") == "2");
  a.drain();
  REQUIRE(a.left.size() == 1);
  REQUIRE(b.engine->adopt(std::move(a.left[0])));
  CHECK(b.ask(*l.ours, "/visits") == "3");
}

TEST_CASE("a text goes along by itself, and none stays none", "[http][state]") {
  side a({});
  side b({});
  line with;
  line without;
  REQUIRE(a.engine->adopt(with.arriving()));
  REQUIRE(a.engine->adopt(without.arriving()));
  CHECK(a.ask(*with.ours, "/text?set=%00blob") == std::string("\0blob", 5));
  CHECK(a.ask(*without.ours, "/text") == "nothing");
  a.drain();
  REQUIRE(a.left.size() == 2);
  for (auto& each : a.left) REQUIRE(b.engine->adopt(std::move(each)));
  CHECK(b.ask(*with.ours, "/text") == std::string("\0blob", 5));
  CHECK(b.ask(*without.ours, "/text") == "nothing");
}

TEST_CASE("a state that cannot go along keeps its connection here", "[http][state]") {
  http::server_options options;
  std::string reported;
  SECTION("no hook for its type") {}
  SECTION("a hook that throws") {
    options.save_state = [](const std::any&) -> std::string { throw std::runtime_error("no words"); };
    reported = "save_state: no words";
  }
  SECTION("too large") {
    options.save_state = [](const std::any&) { return std::string(4097, 'x'); };
    reported = "save_state: the state of a connection is larger than state_bytes";
  }
  side a(options);
  line l;
  REQUIRE(a.engine->adopt(l.arriving()));
  CHECK(a.ask(*l.ours, "/visits") == "1");
  a.drain();
  CHECK(a.left.empty());
  CHECK(a.ask(*l.ours, "/visits") == "2");  // served on
  CHECK(a.failures == (reported.empty() ? std::vector<std::string>{} : std::vector<std::string>{reported}));
}

TEST_CASE("octets that cannot be read begin anew; a kind that is not known is not taken", "[http][state]") {
  side b(with_hooks());
  line l;
  const std::string packed = http::pack_state({http::moved_state::kind::http, "no number"});
  REQUIRE(b.engine->adopt(l.arriving(packed)));
  CHECK(b.ask(*l.ours, "/visits") == "1");
  REQUIRE(b.failures.size() == 1);
  CHECK(b.failures[0].starts_with("restore_state: "));

  line other;
  CHECK_FALSE(b.engine->adopt(other.arriving("?of the future")));
  ::close(other.fds[0]);
}
