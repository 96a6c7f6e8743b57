// SPDX-License-Identifier: BSL-1.0
// A connection that leaves one server at a request boundary and goes on in another one, with the octets
// that were read already; the client sees one connection.
#include "client.hpp"
#include "http/engine.hpp"
#include "support/catch.hpp"

#include <cluster/http/router.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>

using namespace cluster;
using namespace std::chrono_literals;
using test::client;
using test::get;

namespace {

struct side {
  explicit side(const std::string& name) {
    app.get("/", [name] { return http::text(name); });
    app.get("/wait", [name]() -> boost::asio::awaitable<http::response> {
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 20ms);
      co_await timer.async_wait(boost::asio::use_awaitable);
      co_return http::text(name + " waited");
    });
    engine = std::make_shared<http::engine>(context, app.tree(), http::server_options{});
    engine->set_mover({[] { return true; },
                       [this](moving_connection& what) {
                         if (refuses) return false;
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
    engine->start_drain(later, later, [this](error_code ec) { drained = !ec; });
  }
  void take(int fd, std::string unread) {
    moving_connection arrived;
    arrived.fd = fd;
    arrived.unread = std::move(unread);
    REQUIRE(engine->adopt(std::move(arrived)));
  }
  void run() {
    context.restart();
    context.run_for(5ms);
  }

  boost::asio::io_context context;
  http::router app;
  std::shared_ptr<http::engine> engine;
  std::vector<moving_connection> left;
  bool drained = false;
  bool refuses = false;  // nothing can be sent away, though it seemed possible
};

void blocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK); }

struct pair {
  pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0); }
  int fds[2];
};

}  // namespace

TEST_CASE("an idle connection moves", "[http][hand-off]") {
  side a("a");
  side b("b");
  pair p;
  client c(client::adopt_tag{}, p.fds[1]);
  blocking(p.fds[1]);
  a.take(p.fds[0], {});
  c.send(get("/"));
  a.run();
  CHECK(c.read().body == "a");

  a.drain();
  auto& moved = a.left;
  REQUIRE(moved.size() == 1);
  CHECK(moved[0].unread.empty());
  CHECK(a.engine->counters().open == 0);
  c.send(get("/"));
  a.run();  // no longer its business
  b.take(moved[0].fd, moved[0].unread);
  b.run();
  CHECK(c.read().body == "b");
}

TEST_CASE("a header section moves in two parts, wherever it is split", "[http][hand-off]") {
  const std::string request = get("/", "X-A: b\r\n");
  side b("b");
  for (std::size_t split = 1; split < request.size(); ++split) {
    side a("a");
    pair p;
    client c(client::adopt_tag{}, p.fds[1]);
    blocking(p.fds[1]);
    a.take(p.fds[0], {});
    c.send(std::string_view(request).substr(0, split));
    a.run();
    a.drain();
    auto& moved = a.left;
    REQUIRE(moved.size() == 1);
    REQUIRE(moved[0].unread == request.substr(0, split));
    b.take(moved[0].fd, moved[0].unread);
    c.send(request.substr(split) + get("/"));
    b.run();
    REQUIRE(c.read().body == "b");
    REQUIRE(c.read().body == "b");
  }
}

TEST_CASE("a connection with a request under way stays until it is answered", "[http][hand-off]") {
  side a("a");
  side b("b");
  pair p;
  client c(client::adopt_tag{}, p.fds[1]);
  blocking(p.fds[1]);
  a.take(p.fds[0], get("/wait"));
  a.drain();
  CHECK(a.left.empty());
  // The answer goes out first; leaving and the word that all have left come in later turns of the loop.
  const auto limit = std::chrono::steady_clock::now() + 20s;
  while (!a.drained && std::chrono::steady_clock::now() < limit) a.run();
  REQUIRE(a.drained);
  CHECK(c.read().body == "a waited");  // kept open: its end was not announced
  REQUIRE(a.left.size() == 1);
  ::close(a.left[0].fd);
}

TEST_CASE("a connection that cannot be sent away after all is served to its end", "[http][hand-off]") {
  side a("a");
  a.refuses = true;
  SECTION("one that was there, with more than one request in one read") {
    pair p;
    client c(client::adopt_tag{}, p.fds[1]);
    blocking(p.fds[1]);
    a.take(p.fds[0], {});
    a.drain();
    c.send(get("/") + get("/") + get("/wait") + get("/"));
    for (int i = 0; i < 200 && a.engine->counters().requests < 4; ++i) a.run();
    CHECK(c.read().body == "a");
    CHECK(c.read().body == "a");
    CHECK(c.read().body == "a waited");
    CHECK(c.read().body == "a");
  }
  SECTION("one that comes back") {
    side other("other");
    pair keep_going;
    pair p;
    client c(client::adopt_tag{}, p.fds[1]);
    blocking(p.fds[1]);
    other.refuses = true;
    other.take(keep_going.fds[0], {});
    other.drain();
    moving_connection back;
    back.fd = p.fds[0];
    back.unread = get("/");
    back.returned = true;
    REQUIRE(other.engine->adopt(std::move(back)));
    c.send(get("/"));
    for (int i = 0; i < 200 && other.engine->counters().requests < 2; ++i) other.run();
    CHECK(c.read().body == "other");
    CHECK(c.read().body == "other");
    ::close(keep_going.fds[1]);
  }
}
