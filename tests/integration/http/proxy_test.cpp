// SPDX-License-Identifier: BSL-1.0
// Behind proxies: the PROXY protocol and the header fields in which they name the client.
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <mutex>
#include <vector>

using namespace cluster;
using namespace std::chrono_literals;
using namespace std::string_literals;
using test::client;
using test::get;

namespace {

void proxy_routes(http::router& app) {
  app.get("/", [](const http::request& q) {
    return http::text(q.remote_address() + " " + std::string(q.scheme()) + " " + std::string(q.host()));
  });
}

const std::string line = "PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n";
const std::string binary = "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x14"s +
                           "\xc0\x00\x02\x01\xc0\x00\x02\x02\x12\x67\x01\xbb"s +
                           "\x20\x00\x05\x01\x00\x00\x00\x00"s;  // and the client speaks TLS

/// A server whose listener has the PROXY protocol, and its access log.
struct behind {
  explicit behind(http::server_options options = {})
      : server(proxy_routes, with_log(std::move(options)), true) {}

  http::server_options with_log(http::server_options options) {
    options.on_access = [this](const http::access& what) {
      const std::lock_guard lock(mutex);
      log.push_back(what.remote + " " + std::to_string(what.status) + " " +
                    http::common_log_line(what).substr(0, 12));
    };
    return options;
  }
  std::vector<std::string> logged() {
    const std::lock_guard lock(mutex);
    return log;
  }

  std::mutex mutex;
  std::vector<std::string> log;
  test::running_server server;
};

}  // namespace

TEST_CASE("the PROXY protocol names the client, for handlers and the access log", "[http][proxy]") {
  behind proxy;
  client text(proxy.server.port());
  CHECK(text.ask(line + get("/")).body == "192.0.2.1:4711 http a");
  CHECK(text.ask(get("/")).body == "192.0.2.1:4711 http a");
  client octets(proxy.server.port());
  CHECK(octets.ask(binary + get("/")).body == "192.0.2.1:4711 https a");
  client slow(proxy.server.port());
  slow.send_slowly(binary + get("/"));
  CHECK(slow.read().body == "192.0.2.1:4711 https a");
  client bad(proxy.server.port());
  bad.send(line + "nonsense\r\n\r\n");
  CHECK(bad.read().status == 400);
  REQUIRE(proxy.server.eventually([&](const auto&) { return proxy.logged().size() == 5; }));
  CHECK(proxy.logged()[0] == "192.0.2.1:4711 200 192.0.2.1 - ");
  CHECK(proxy.logged()[4] == "192.0.2.1:4711 400 192.0.2.1 - ");
}

TEST_CASE("a proxy that speaks for itself is the client", "[http][proxy]") {
  behind proxy;
  for (const std::string& header : {"PROXY UNKNOWN\r\n"s, "\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00"s}) {
    client own(proxy.server.port());
    CHECK(own.ask(header + get("/")).body.starts_with("127.0.0.1:"));
  }
}

TEST_CASE("what is no header of the PROXY protocol is not answered, and not waited for", "[http][proxy]") {
  http::server_options options;
  options.handshake_time = 100ms;
  behind proxy(options);
  for (const std::string& wrong : {get("/"), "PROXY TCP4 nonsense\r\n"s, "PROXY "s + std::string(200, 'x'),
                                   "\x16\x03\x01"s, "\r\n\r\n\0\r\nQUIX"s}) {
    client one(proxy.server.port());
    one.send(wrong);
    CHECK(one.read_rest().empty());
  }
  CHECK(proxy.server.counters().refused == 5);
  client silent(proxy.server.port());
  client half(proxy.server.port());
  half.send("PROXY TCP4 192.0.2.1 ");
  CHECK(silent.closed());
  CHECK(half.closed());
  CHECK(proxy.server.counters().timed_out == 2);
  CHECK(proxy.logged().empty());
}

TEST_CASE("who is not trusted speaks for itself", "[http][proxy]") {
  http::server_options options;
  options.proxies.trusted = {"192.0.2.0/24"};
  behind proxy(options);
  client own(proxy.server.port());
  CHECK(own.ask(get("/")).body.starts_with("127.0.0.1:"));
  client forger(proxy.server.port());
  CHECK(forger.ask(line + get("/")).status == 400);
}

TEST_CASE("header fields of a trusted proxy, behind the PROXY protocol or without", "[http][proxy]") {
  http::server_options options;
  options.proxies = {{"127.0.0.0/8", "192.0.2.1"}, proxy_options::fields::x_forwarded};
  const std::string fields =
      "X-Forwarded-For: 203.0.113.66, 198.51.100.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: "
      "shop.test\r\n";
  test::running_server plain(proxy_routes, options);
  client one(plain.port());
  CHECK(one.ask(get("/", fields)).body == "198.51.100.7 https shop.test");
  CHECK(one.ask(get("/")).body.starts_with("127.0.0.1:"));
  behind proxy(options);
  client two(proxy.server.port());
  CHECK(two.ask(line + get("/", fields)).body == "198.51.100.7 https shop.test");
  CHECK(proxy.logged().front().starts_with("198.51.100.7 200 198.51.100.7"));
  client three(proxy.server.port());
  CHECK(three.ask("PROXY TCP4 198.51.100.9 192.0.2.2 1 2\r\n" + get("/", fields)).body ==
        "198.51.100.9:1 http a");
}

TEST_CASE("lists of proxies that are none are refused", "[http][proxy]") {
  boost::asio::io_context context;
  http::router app;
  http::server_options options;
  options.proxies.trusted = {"localhost"};
  CHECK_THROWS_AS(http::server(context, app, options), std::invalid_argument);
  options.proxies = {{}, proxy_options::fields::forwarded};
  CHECK_THROWS_AS(http::server(context, app, options), std::invalid_argument);
}
