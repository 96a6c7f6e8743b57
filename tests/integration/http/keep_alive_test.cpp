// SPDX-License-Identifier: BSL-1.0
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include <sys/un.h>

using namespace cluster;
using test::client;
using test::get;
using test::post;

namespace {

// At least so many octets that tell where they belong.
std::string numbered(std::size_t octets) {
  std::string content;
  while (content.size() < octets) content += std::to_string(content.size()) + " ";
  return content;
}

void keep_alive_routes(http::router& app) {
  app.get("/", [] { return http::text("Hello, World!\n"); });
  app.get("/echo/{what}", [](const http::request& q) { return http::text(std::string(q.param("what"))); });
  app.post("/echo", [](const http::request& q) { return http::text(std::string(q.body())); });
  app.get("/sized/{octets}", [](const http::request& q) {
    return http::text(numbered(std::stoul(std::string(q.param("octets")))));
  });
  using shared = std::map<std::string, std::shared_ptr<const std::string>>;
  app.get("/shared/{octets}", [kept = std::make_shared<shared>()](const http::request& q) {
    const std::string octets(q.param("octets"));
    auto& content = (*kept)[octets];
    if (!content) content = std::make_shared<const std::string>(numbered(std::stoul(octets)));
    return http::text(content);
  });
  app.get("/none", [] { return http::status(204); });
  app.get("/close", [] { return http::text("bye").close(); });
}

}  // namespace

TEST_CASE("one connection, many requests", "[http]") {
  test::running_server server(keep_alive_routes);
  client c(server.port());
  for (int i = 0; i < 100; ++i) {
    const auto r = c.ask(get("/echo/" + std::to_string(i)));
    REQUIRE(r.status == 200);
    REQUIRE(r.body == std::to_string(i));
    REQUIRE_FALSE(r.has("Connection:"));
  }
  const auto counters = server.counters();
  CHECK(counters.accepted == 1);
  CHECK(counters.open == 1);
  CHECK(counters.requests == 100);
}

TEST_CASE("pipelined requests are answered in order, contents included", "[http]") {
  test::running_server server(keep_alive_routes);
  client c(server.port());
  for (int round = 0; round < 20; ++round) {
    std::string batch;
    for (int i = 0; i < 16; ++i)
      batch += i % 4 == 3 ? post("/echo", std::to_string(i)) : get("/echo/" + std::to_string(i));
    c.send(batch);
    for (int i = 0; i < 16; ++i) REQUIRE(c.read().body == std::to_string(i));
  }
}

TEST_CASE("small and large contents, pipelined, to a client with little room", "[http]") {
  const std::string route = GENERATE("/sized/", "/shared/");
  CAPTURE(route);
  test::running_server server(keep_alive_routes);
  client c(server.port(), 8 * 1024);
  const std::size_t sizes[] = {3, 16'379, 16'384, 0, 1'000'000, 20'000, 5, 400'000, 70'000, 70'000, 1};
  std::thread sender([&] {
    std::string batch;
    for (int round = 0; round < 5; ++round)
      for (const std::size_t size : sizes)
        batch += get(route + std::to_string(size)) + "HEAD" + get(route + std::to_string(size)).substr(3);
    c.send(batch);
  });
  for (int round = 0; round < 5; ++round)
    for (const std::size_t size : sizes) {
      const auto r = c.read();
      REQUIRE(r.status == 200);
      const std::string expected = numbered(size);
      REQUIRE(r.body.size() == expected.size());
      REQUIRE((r.body == expected));
      const auto head = c.read(true);
      REQUIRE(head.has("Content-Length: " + std::to_string(expected.size()) + "\r\n"));
    }
  sender.join();
}

TEST_CASE("more pipelined requests than one turn answers", "[http]") {
  http::server_options options;
  options.requests_at_once = 3;
  test::running_server server(keep_alive_routes, options);
  client c(server.port());
  std::string batch;
  for (int i = 0; i < 1000; ++i) batch += get("/echo/" + std::to_string(i));
  c.send(batch);
  for (int i = 0; i < 1000; ++i) REQUIRE(c.read().body == std::to_string(i));
}

TEST_CASE("a conversation octet by octet", "[http]") {
  test::running_server server(keep_alive_routes);
  client c(server.port());
  c.send_slowly("\r\n" + get("/echo/a%20b") + post("/echo", "content") +
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3;x=y\r\nabc\r\n4\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n" +
                get("/"));
  CHECK(c.read().body == "a b");
  CHECK(c.read().body == "content");
  CHECK(c.read().body == "abcdefg");
  CHECK(c.read().body == "Hello, World!\n");
}

TEST_CASE("HTTP/1.0", "[http]") {
  test::running_server server(keep_alive_routes);
  client plain(server.port());
  const auto r = plain.ask("GET / HTTP/1.0\r\n\r\n");
  CHECK(r.status == 200);
  CHECK(r.has("Connection: close\r\n"));
  CHECK(plain.closed());

  client kept(server.port());
  for (int i = 0; i < 2; ++i) {
    const auto k = kept.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(k.status == 200);
    CHECK(k.has("Connection: keep-alive\r\n"));
  }
}

TEST_CASE("the end of a connection", "[http]") {
  test::running_server server(keep_alive_routes);
  SECTION("asked for by the client, on a second line") {
    client c(server.port());
    const auto r = c.ask(get("/", "Connection: keep-alive\r\nConnection: close\r\n"));
    CHECK(r.has("Connection: close\r\n"));
    CHECK(c.closed());
  }
  SECTION("asked for by the handler, with requests behind that are not served") {
    client c(server.port());
    c.send(get("/close") + get("/") + get("/"));
    const auto r = c.read();
    CHECK(r.body == "bye");
    CHECK(r.has("Connection: close\r\n"));
    CHECK(c.closed());
    CHECK(server.counters().requests == 1);
  }
  SECTION("the client has ended its side: everything it asked for is answered") {
    client c(server.port());
    c.send(get("/echo/1") + get("/echo/2"));
    c.end_sending();
    CHECK(c.read().body == "1");
    CHECK(c.read().body == "2");
    CHECK(c.closed());
  }
  SECTION("in the middle of a header section, and of content") {
    client head(server.port());
    head.send("GET / HT");
    head.end_sending();
    CHECK(head.closed());
    client body(server.port());
    body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
    body.end_sending();
    CHECK(body.closed());
    CHECK(server.counters().requests == 0);
  }
  CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
}

TEST_CASE("methods that the router answers by itself", "[http]") {
  test::running_server server(keep_alive_routes);
  client c(server.port());
  c.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto head = c.read(true);
  CHECK(head.status == 200);
  CHECK(head.has("Content-Length: 14\r\n"));
  const auto options = c.ask("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(options.status == 204);
  CHECK(options.has("Allow: GET, HEAD, OPTIONS\r\n"));
  CHECK_FALSE(options.has("Content-Length"));
  CHECK(c.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").has("Allow: GET, HEAD, POST, OPTIONS\r\n"));
  const auto wrong = c.ask("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(wrong.status == 405);
  CHECK(wrong.has("Allow: GET, HEAD, OPTIONS\r\n"));
  CHECK(c.ask(get("/nowhere")).status == 404);
  const auto none = c.ask(get("/none"));
  CHECK(none.status == 204);
  CHECK_FALSE(none.has("Content-Length"));
  CHECK_FALSE(none.has("Content-Type"));
  const auto last = c.ask(get("/"));
  CHECK(last.body == "Hello, World!\n");
  CHECK(last.has("\r\nDate: "));
  CHECK(last.has(" GMT\r\n"));
}

TEST_CASE("a Unix socket serves as well", "[http]") {
  const std::string path = "/tmp/cluster-http-test." + std::to_string(::getpid());
  std::remove(path.c_str());
  boost::asio::io_context context;
  boost::asio::local::stream_protocol::acceptor socket(context,
                                                       boost::asio::local::stream_protocol::endpoint(path));
  http::router app;
  keep_alive_routes(app);
  http::server server(context, app);
  const std::array listeners{listener{.name = "unix",
                                      .uri = "",
                                      .kind = listener::family::unix_socket,
                                      .native_handle = socket.native_handle()}};
  server.start(listeners);
  std::thread thread([&] { context.run(); });

  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  path.copy(to.sun_path, sizeof to.sun_path - 1);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  {
    client c(client::adopt_tag{}, fd);
    CHECK(c.ask(get("/")).body == "Hello, World!\n");
    CHECK(c.ask(get("/close")).body == "bye");
    CHECK(c.closed());
  }
  boost::asio::post(context, [&] { server.stop(); });
  thread.join();
  std::remove(path.c_str());
}
