// SPDX-License-Identifier: BSL-1.0
// Many clients that are slow on purpose, in the three ways there are: the header section, the content, the
// answer. The others are served meanwhile, and in the end nobody is left.
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <memory>
#include <vector>

using namespace cluster;
using namespace std::chrono_literals;
using test::client;
using test::get;

namespace {

void slow_routes(http::router& app) {
  app.get("/", [] { return http::text("root"); });
  app.post("/", [](const http::request& q) { return http::text(std::to_string(q.body().size())); });
  app.get("/big", [] { return http::text(std::string(4 * 1024 * 1024, 'b')); });
}

constexpr int count = 150;

http::server_options impatient() {
  http::server_options options;
  options.header_time = 400ms;
  options.body_progress_time = 400ms;
  options.body_time = 800ms;
  options.write_progress_time = 400ms;
  options.linger_time = 200ms;
  return options;
}

using clients = std::vector<std::unique_ptr<client>>;

clients connect_all(unsigned short port) {
  clients all;
  for (int i = 0; i < count; ++i) all.push_back(std::make_unique<client>(port));
  return all;
}

// Sends an octet or two on each, again and again, until the server has ended them all; others ask meanwhile.
void trickle(test::running_server& server, clients& all, const std::string& piece) {
  const auto end = std::chrono::steady_clock::now() + 15s;
  while (server.counters().timed_out < count && std::chrono::steady_clock::now() < end) {
    for (const auto& each : all) each->send(piece);
    CHECK(client(server.port()).ask(get("/")).body == "root");
  }
}

void check_end(test::running_server& server) {
  CHECK(server.counters().timed_out == count);
  CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
  CHECK(client(server.port()).ask(get("/")).body == "root");
  CHECK(server.failures().empty());
}

}  // namespace

TEST_CASE("slow header sections", "[http][slow]") {
  test::running_server server(slow_routes, impatient());
  clients all = connect_all(server.port());
  for (const auto& each : all) each->send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  trickle(server, all, "a");
  for (const auto& each : all) CHECK(each->read().status == 408);
  all.clear();
  check_end(server);
}

TEST_CASE("slow contents", "[http][slow]") {
  test::running_server server(slow_routes, impatient());
  clients all = connect_all(server.port());
  for (const auto& each : all) each->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  trickle(server, all, "a");
  for (const auto& each : all) CHECK(each->read().status == 408);
  all.clear();
  check_end(server);
}

TEST_CASE("slow readers", "[http][slow]") {
  test::running_server server(slow_routes, impatient());
  clients all;
  while (all.size() < count) {
    all.push_back(std::make_unique<client>(server.port(), 2048));
    all.back()->send(get("/big"));
    // Making so much takes long under a sanitizer, and who comes next waits for all that was asked for
    // before.
    if (all.size() % 30 == 0) CHECK(client(server.port()).ask(get("/")).body == "root");
  }
  trickle(server, all, "");
  check_end(server);  // though they are all still there
}
