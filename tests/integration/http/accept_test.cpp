// SPDX-License-Identifier: BSL-1.0
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>

// There in builds with the vptr check, which opens a pipe whenever it meets a new type.
extern "C" __attribute__((weak)) void __ubsan_handle_dynamic_type_cache_miss();

using namespace cluster;
using namespace std::chrono_literals;
using test::client;
using test::get;

namespace {

void accept_routes(http::router& app) {
  app.get("/", [] { return http::text("root"); });
}

// While it lives, no descriptor can be opened in this process.
class no_descriptors {
 public:
  no_descriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
    ::close(next);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("without descriptors accepting rests, then goes on", "[http][accept]") {
  if (&__ubsan_handle_dynamic_type_cache_miss != nullptr)
    return test::skipped("the sanitizer itself needs descriptors");
  http::server_options options;
  options.accept_backoff = 30ms;
  test::running_server server(accept_routes, options);
  client held(server.port());
  CHECK(held.ask(get("/")).status == 200);
  // The connection has to wait in the queue, so the shortage begins before the server sees it.
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto start = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration elapsed{};
  http::server_counters counters;
  bool connected = false;
  bool rested = false;
  unsigned meanwhile = 0;
  {
    const no_descriptors shortage;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server.port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    rested = server.eventually([](const auto& n) { return n.accept_failures >= 4; });
    meanwhile = held.ask(get("/")).status;
    counters = server.counters();
    elapsed = std::chrono::steady_clock::now() - start;
  }
  CHECK(connected);
  CHECK(rested);
  CHECK(meanwhile == 200);
  // No spinning: not more failures than rests fit in.
  CHECK(counters.accept_failures <= static_cast<std::uint64_t>(elapsed / options.accept_backoff) + 1);
  CHECK(counters.accepted == 1);
  client waiting(client::adopt_tag{}, fd);
  CHECK(waiting.ask(get("/")).status == 200);
}

TEST_CASE("many connections at once", "[http][accept]") {
  test::running_server server(accept_routes);
  std::vector<client> clients;
  for (int i = 0; i < 300; ++i) {
    clients.emplace_back(server.port());
    if (i % 2 == 0) clients.back().send(get("/"));
  }
  for (std::size_t i = 1; i < clients.size(); i += 2) clients[i].send(get("/"));
  for (client& c : clients) REQUIRE(c.read().status == 200);
  CHECK(server.counters().open == 300);
  for (client& c : clients) c.close();
  CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
  clients.clear();
  for (int i = 0; i < 300; ++i)
    REQUIRE(client(server.port()).ask(get("/", "Connection: close\r\n")).status == 200);
  CHECK(server.counters().accepted == 600);
}

TEST_CASE("a listener is added, given back with what waits in it served, and added again", "[http][accept]") {
  test::running_server server(accept_routes);
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor second(context, {boost::asio::ip::address_v4::loopback(), 0});
  const unsigned short port = second.local_endpoint().port();
  const std::array added{listener{.name = "second", .native_handle = second.native_handle(), .number = 7}};
  const auto start = [&] {
    server.ask([&](http::server& s) {
      s.start(added);
      return 0;
    });
  };
  start();
  client held(port);
  CHECK(held.ask(get("/")).status == 200);
  std::vector<std::unique_ptr<client>> waiting;
  server.ask([&](http::server& s) {
    // The server does not turn meanwhile: they wait in the queue.
    for (int i = 0; i < 20; ++i) {
      waiting.push_back(std::make_unique<client>(port));
      waiting.back()->send(get("/"));
    }
    s.release(added[0]);
    s.release(added[0]);  // of no effect
    return 0;
  });
  for (const auto& each : waiting) CHECK(each->read().status == 200);
  CHECK(held.ask(get("/")).status == 200);
  CHECK(client(server.port()).ask(get("/")).status == 200);
  // Its owner has it still; only this server takes nothing from there any more.
  const std::uint64_t before = server.counters().accepted;
  client later(port);
  later.send(get("/"));
  CHECK(client(server.port()).ask(get("/")).status == 200);
  CHECK(server.counters().accepted == before + 1);
  start();
  CHECK(later.read().status == 200);
}
