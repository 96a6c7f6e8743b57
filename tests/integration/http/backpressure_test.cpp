// SPDX-License-Identifier: BSL-1.0
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <thread>

using namespace cluster;
using test::client;
using test::get;

TEST_CASE("a client that asks and does not read is not answered without bound", "[http][backpressure]") {
  http::server_options options;
  options.output_high_water = 64 * 1024;
  test::running_server server(
      [](http::router& app) {
        app.get("/big/{n}", [](const http::request& q) {
          std::string body(65'536, 'x');
          const std::string_view n = q.param("n");
          body.replace(0, n.size(), n);
          return http::text(std::move(body));
        });
        app.get("/", [] { return http::text("small"); });
      },
      options);
  constexpr unsigned all = 1000;
  client c(server.port(), 16 * 1024);
  std::thread sender([&] {
    std::string batch;
    for (unsigned i = 0; i < all; ++i) batch += get("/big/" + std::to_string(i));
    c.send(batch);
  });
  // The server comes to rest when the socket and its own bounded buffer are full. Meanwhile it serves
  // others; their answers are what paces the look at the counter.
  client other(server.port());
  std::uint64_t before = 0;
  int unchanged = 0;
  for (int i = 0; i < 200'000 && unchanged < 500; ++i) {
    REQUIRE(other.ask(get("/")).body == "small");
    const auto now = server.counters();
    const std::uint64_t big = now.requests - static_cast<std::uint64_t>(i) - 1;
    unchanged = big == before && big > 0 ? unchanged + 1 : 0;
    before = big;
  }
  CHECK(before > 0);
  CHECK(before < all / 2);
  for (unsigned i = 0; i < all; ++i) {
    const auto r = c.read();
    REQUIRE(r.status == 200);
    REQUIRE(r.body.size() == 65'536);
    REQUIRE(std::stoul(r.body) == i);
  }
  sender.join();
}
