// SPDX-License-Identifier: BSL-1.0
// server::run in a process with one thread, which is the condition for waiting in the connections' set
// itself.
#include "client.hpp"
#include "support/catch.hpp"
#include "support/program.hpp"
#include "support/role.hpp"

#include <cluster/http.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

#include <unistd.h>

using namespace cluster;
using namespace std::chrono_literals;
using test::client;
using test::get;

namespace {

// Asio's and that of the connections; a host has one more.
std::string count_epoll_sets() {
  int seen = 0;
  std::error_code ec;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd"))
    seen += std::filesystem::read_symlink(each.path(), ec) == "anon_inode:[eventpoll]" ? 1 : 0;
  return std::to_string(seen);
}

struct routes {
  boost::asio::io_context& context;
  http::server* server = nullptr;
  int posted = 0;
  std::thread other;

  void add_to(http::router& app) {
    app.get("/sets", [] { return http::text(count_epoll_sets()); });
    app.get("/big", [] { return http::text(std::string(8 << 20, 'x')); });
    app.get("/post", [this] {
      boost::asio::post(context, [this] { std::printf("posted %d;\n", ++posted); });
      return http::text("");
    });
    app.get("/post/endlessly", [this] {
      again();
      return http::text("");
    });
    app.get("/timer", [this]() -> boost::asio::awaitable<http::response> {
      boost::asio::steady_timer timer(context, 20ms);
      co_await timer.async_wait(boost::asio::use_awaitable);
      co_return http::text("later");
    });
    app.get("/throw", [this] {
      boost::asio::post(context, [] { throw std::runtime_error("let out"); });
      return http::text("");
    });
    app.get("/thread", [this] {
      if (other.joinable()) other.join();
      other = std::thread([this] {
        std::this_thread::sleep_for(20ms);  // the server is to wait when this comes
        boost::asio::post(context, [] { std::printf("heard, with %s sets\n", count_epoll_sets().c_str()); });
      });
      return http::text("");
    });
    app.get("/stop", [this] {
      boost::asio::post(context, [this] { server->stop(); });
      return http::text("");
    });
    app.get("/drain", [this] {
      server->async_drain(std::chrono::steady_clock::now() + 5s, [](error_code ec) {
        std::printf("drained: %s\n", ec ? ec.message().c_str() : "all");
      });
      return http::text("");
    });
  }

  void again() {
    boost::asio::post(context, [this] { again(); });
  }
};

int host(int, char**) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  boost::asio::io_context context{1};
  boost::asio::ip::tcp::acceptor socket(context, {boost::asio::ip::address_v4::loopback(), 0});
  socket.listen(1024);
  std::printf("listening on tcp://127.0.0.1:%u\n", unsigned{socket.local_endpoint().port()});
  routes what{context, nullptr, 0, {}};
  http::router app;
  what.add_to(app);
  http::server server(context, app);
  what.server = &server;
  const std::array listeners{listener{.name = "test", .uri = "", .native_handle = socket.native_handle()}};
  server.start(listeners);
  for (;;) {
    try {
      server.run();
      break;
    } catch (const std::exception& e) {
      std::printf("out of run: %s, with %s sets\n", e.what(), count_epoll_sets().c_str());
    }
  }
  if (what.other.joinable()) what.other.join();
  std::printf("ended with %s sets\n", count_epoll_sets().c_str());
  return 0;
}

const test::role as_host{"host", host};

struct hosted {
  test::program program{
      {std::filesystem::read_symlink("/proc/self/exe").string(), {"--role", "host"}, {}, {}}};
  unsigned short port = program.port();

  std::string ask(const char* path) {
    client one(port);
    return one.ask(get(path)).body;
  }
};

}  // namespace

TEST_CASE("as the host a server answers, and so does all else on the context", "[http][host]") {
  hosted it;
  CHECK(it.ask("/sets") == "3");
  client kept(it.port);
  for (int i = 1; i <= 20; ++i) {
    CHECK(kept.ask(get("/post")).status == 200);
    it.program.wait_for("posted " + std::to_string(i) + ";");
  }
  CHECK(it.ask("/timer") == "later");
  CHECK(it.ask("/sets") == "3");
}

TEST_CASE("as the host a server sends all of a first answer that does not fit the socket", "[http][host]") {
  hosted it;
  const bool stays = GENERATE(true, false);
  client slow(it.port, 4096);
  slow.send(stays ? get("/big") : "GET /big HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  CHECK(it.ask("/sets") == "3");  // meanwhile
  CHECK(slow.read().body.size() == 8 << 20);
}

TEST_CASE("as the host a server is not kept from its connections by a context that is never idle",
          "[http][host]") {
  hosted it;
  CHECK(it.ask("/post/endlessly").empty());
  client kept(it.port);
  for (int i = 0; i < 5; ++i) CHECK(kept.ask(get("/sets")).body == "3");
}

TEST_CASE("what a handler lets out comes out of run, which can be called again", "[http][host]") {
  hosted it;
  client silent(it.port);
  client kept(it.port);
  CHECK(kept.ask(get("/throw")).status == 200);
  it.program.wait_for("out of run: let out, with 2 sets");
  CHECK(kept.ask(get("/sets")).body == "3");
  CHECK(silent.ask(get("/sets")).body == "3");
  CHECK(it.ask("/sets") == "3");
}

TEST_CASE("with a second thread a server is a guest, so that what that one posts is heard", "[http][host]") {
  hosted it;
  client silent(it.port);
  client kept(it.port);
  CHECK(kept.ask(get("/sets")).body == "3");
  CHECK(kept.ask(get("/thread")).status == 200);
  it.program.wait_for("heard, with 2 sets");
  CHECK(kept.ask(get("/sets")).body == "2");
  CHECK(silent.ask(get("/sets")).body == "2");
  CHECK(it.ask("/timer") == "later");
}

TEST_CASE("as the host a server that stops, or has drained, lets run return", "[http][host]") {
  hosted it;
  const char* how = GENERATE("/stop", "/drain");
  client kept(it.port);
  CHECK(kept.ask(get("/sets")).body == "3");
  CHECK(kept.ask(get(how)).status == 200);
  it.program.wait_for("ended with 1 sets");
  CHECK(it.program.wait_exit().code == 0);
}
