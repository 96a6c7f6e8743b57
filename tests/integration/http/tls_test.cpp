// SPDX-License-Identifier: BSL-1.0
// HTTP over TLS, as clients see it.
#include "running_server.hpp"
#include "tls_peer.hpp"
#include "ws_client.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdio>
#include <fstream>
#include <vector>

using namespace cluster;
using namespace std::chrono_literals;
using test::certificates;
using test::client;
using test::get;
using test::tls_peer;

namespace {

void tls_routes(http::router& app) {
  app.get("/", [](const http::request& q) {
    return http::text(std::string(q.scheme()) + (q.is_secure() ? " secure " : " ") + q.client_subject());
  });
  app.post("/", [](const http::request& q) { return http::text(std::string(q.body())); });
  app.get("/big", [] { return http::text(std::string(3 * 1024 * 1024, 'b')); });
  app.get("/ms/{n}", [](const http::request& q) -> boost::asio::awaitable<http::response> {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                    std::chrono::milliseconds(std::stoi(std::string(q.param("n")))));
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return http::text("done");
  });
  app.get("/stream", [](const http::request&, http::stream& out) -> boost::asio::awaitable<void> {
    out.start(http::text(""));
    for (int i = 0; i < 200; ++i) co_await out.write(std::string(5000, static_cast<char>('a' + i % 26)));
  });
  app.put("/count",
          [](const http::request&, http::body_reader& in) -> boost::asio::awaitable<http::response> {
            std::size_t all = 0;
            for (auto piece = co_await in.read(); !piece.empty(); piece = co_await in.read())
              all += piece.size();
            co_return http::text(std::to_string(all));
          });
  app.websocket("/ws", [](const http::request& q, http::websocket& session) -> boost::asio::awaitable<void> {
    if (q.is_secure()) co_await session.send("secure");
    while (auto message = co_await session.read())
      co_await session.send(std::move(message->data), message->type);
  });
}

}  // namespace

TEST_CASE("requests over TLS: one by one, pipelined, in pieces, large", "[http][tls]") {
  certificates files;
  test::running_server server(tls_routes, files.options);
  tls_peer peer(server.port(), {files.root.certificate(), "a.test", {}});
  REQUIRE(peer.good);
  CHECK(peer.ask(get("/")).body == "https secure ");
  peer.tls.send(get("/") + get("/ms/1") + get("/"));
  CHECK(peer.read().body == "https secure ");
  CHECK(peer.read().body == "done");
  CHECK(peer.read().body == "https secure ");
  const std::string slowly = get("/");
  for (const char c : slowly) peer.tls.send({c});
  CHECK(peer.read().status == 200);
  CHECK(peer.ask(get("/big")).body == std::string(3 * 1024 * 1024, 'b'));
  const std::string content(200'000, 'c');
  CHECK(peer.ask(test::post("/", content)).body == content);
  CHECK(peer.ask("PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + content).body ==
        "200000");
  peer.tls.send(get("/stream"));
  std::string streamed = peer.read_until("\r\n0\r\n\r\n");
  CHECK(streamed.size() > 1'000'000);
  CHECK(peer.ask(get("/", "Connection: close\r\n")).has("Connection: close"));
  CHECK(peer.closed_in_order());
}

TEST_CASE("a client that goes away in order is not answered with a reset", "[http][tls]") {
  certificates files;
  test::running_server server(tls_routes, files.options);
  tls_peer peer(server.port());
  CHECK(peer.ask(get("/")).status == 200);
  peer.tls.end();
  CHECK(peer.closed_in_order());
  CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
}

TEST_CASE("files over TLS", "[http][tls]") {
  certificates files;
  char name[] = "/tmp/cluster-tls-file-XXXXXX";
  ::close(::mkstemp(name));
  std::string content;
  for (int i = 0; i < 400'000; ++i) content += std::to_string(i);
  std::ofstream(name) << content;
  test::running_server server(
      [&](http::router& app) { app.get("/f", [&](const http::request& q) { return http::file(q, name); }); },
      files.options);
  // Little room, so that the server has to wait in the middle.
  tls_peer peer(server.port(), {}, nullptr, 8192);
  CHECK(peer.ask(get("/f")).body == content);
  const auto part = peer.ask(get("/f", "Range: bytes=100000-199999\r\n"));
  CHECK(part.status == 206);
  CHECK(part.body == content.substr(100'000, 100'000));
  CHECK(peer.ask(get("/f", "Connection: close\r\n")).body == content);
  CHECK(peer.closed_in_order());
  std::remove(name);
}

TEST_CASE("names, protocols, resumption and client certificates at the server", "[http][tls]") {
  certificates files;
  files.add("b.test");
  files.options.tls.clients = tls_options::client_certificates::optional;
  files.options.tls.client_ca = files.authority_file();
  test::running_server server(tls_routes, files.options);
  test::tls_settings settings{files.root.certificate(), "b.test", files.root.issue({"ann"})};
  settings.protocols = {"h2", "http/1.1"};
  tls_peer first(server.port(), settings);
  REQUIRE(first.good);
  CHECK(first.tls.server_subject() == "b.test");
  CHECK(first.tls.protocol() == "http/1.1");
  CHECK(first.ask(get("/")).body == "https secure CN=ann");
  tls_peer second(server.port(), settings, first.tls.ticket());
  REQUIRE(second.good);
  CHECK(second.tls.resumed());
  CHECK(second.ask(get("/")).body == "https secure CN=ann");
}

TEST_CASE("new certificates in place: for new connections; bad ones change nothing", "[http][tls]") {
  certificates files;
  test::running_server server(tls_routes, files.options);
  tls_peer old(server.port());
  const auto renewed = [&] {
    return server.ask([&](http::server& s) -> std::string {
      try {
        s.renew_tls(files.options.tls);
        return {};
      } catch (const std::invalid_argument& e) {
        return e.what();
      }
    });
  };
  files.renew("a.test", "new.test");
  CHECK(renewed().empty());
  CHECK(tls_peer(server.port()).tls.server_subject() == "new.test");
  CHECK(old.ask(get("/")).status == 200);
  std::ofstream(files.options.tls.certificates.front().certificate) << "nonsense";
  CHECK(renewed().find("there is no certificate") != std::string::npos);
  CHECK(tls_peer(server.port()).tls.server_subject() == "new.test");
}

TEST_CASE("a plain request at a port of TLS is told so; other octets are not waited for", "[http][tls]") {
  certificates files;
  test::running_server server(tls_routes, files.options);
  client plain(server.port());
  const auto told = plain.ask(get("/"));
  CHECK(told.status == 400);
  CHECK(told.body.find("TLS") != std::string::npos);
  CHECK(plain.closed());
  client garbage(server.port());
  garbage.send(std::string(100, '\0'));
  CHECK(garbage.read_rest().empty());
  client halfway(server.port());
  halfway.send("\x16\x03\x01\x02" + std::string(700, 'x'));  // a record of a handshake, and nonsense in it
  const std::string alert = halfway.read_rest();
  CHECK(alert.starts_with("\x15\x03"));
  CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
  CHECK(tls_peer(server.port()).ask(get("/")).status == 200);
}

TEST_CASE("a handshake has to end in its time, whatever trickles in", "[http][tls]") {
  certificates files;
  files.options.handshake_time = 100ms;
  test::running_server server(tls_routes, files.options);
  client silent(server.port());
  client slow(server.port());
  slow.send(std::string("\x16\x03\x01\x02", 4));
  CHECK(silent.closed());
  CHECK(slow.closed());
  CHECK(server.counters().timed_out == 2);
  CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
}

TEST_CASE("a slow client holds a large answer back, in bounded memory, and is cut off", "[http][tls]") {
  certificates files;
  files.options.write_progress_time = 100ms;
  test::running_server server(tls_routes, files.options);
  tls_peer peer(server.port(), {}, nullptr, 4096);
  peer.tls.send(get("/big"));
  CHECK(server.eventually([](const auto& n) { return n.timed_out == 1 && n.open == 0; }));
}

TEST_CASE("a drain: the next answer over TLS is the last, and said to be", "[http][tls]") {
  certificates files;
  test::running_server server(tls_routes, files.options);
  tls_peer used(server.port());
  tls_peer waiting(server.port());
  tls_peer fresh(server.port());
  CHECK(used.ask(get("/")).status == 200);
  waiting.tls.send(get("/ms/50"));
  REQUIRE(server.eventually([](const auto& n) { return n.in_progress == 1 || n.requests == 2; }));
  auto promise = std::make_shared<std::promise<error_code>>();
  server.ask([&](http::server& s) {
    const auto now = std::chrono::steady_clock::now();
    s.async_drain(now + 20s, now + 40s, [promise](error_code ec) { promise->set_value(ec); });
    return 0;
  });
  for (tls_peer* each : {&used, &fresh}) {
    const auto answer = each->ask(get("/"));
    CHECK(answer.status == 200);
    CHECK(answer.has("Connection: close\r\n"));
  }
  const auto answer = waiting.read();
  CHECK(answer.body == "done");
  CHECK(answer.has("Connection: close\r\n"));
  for (tls_peer* each : {&used, &fresh, &waiting}) {
    CHECK(each->closed_in_order());
    each->raw.close();
  }
  auto done = promise->get_future();
  REQUIRE(done.wait_for(10s) == std::future_status::ready);  // long before the soft deadline
  CHECK_FALSE(done.get());
}

TEST_CASE("a drain closes idle connections over TLS in order, before the soft deadline", "[http][tls]") {
  certificates files;
  files.options.drain_tls_idle_time = 50ms;
  files.options.linger_time = 50ms;
  test::running_server server(tls_routes, files.options);
  tls_peer idle(server.port());
  CHECK(idle.ask(get("/")).status == 200);
  auto promise = std::make_shared<std::promise<error_code>>();
  server.ask([&](http::server& s) {
    const auto now = std::chrono::steady_clock::now();
    s.async_drain(now + 20s, now + 40s, [promise](error_code ec) { promise->set_value(ec); });
    return 0;
  });
  CHECK(idle.closed_in_order());
  CHECK(promise->get_future().wait_for(10s) == std::future_status::ready);
}

TEST_CASE("WebSocket over TLS: messages of all sizes, and the end in order", "[http][tls][websocket]") {
  certificates files;
  test::running_server server(tls_routes, files.options);
  tls_peer peer(server.port());
  peer.tls.send(test::handshake("/ws"));
  CHECK(peer.read().status == 101);
  std::string octets;
  REQUIRE(peer.read_octets(octets, 8));
  CHECK(octets == "\x81\x06secure");
  for (const std::size_t size : {1U, 125U, 40'000U, 300'000U}) {
    const std::string text(size, 'm');
    peer.tls.send(test::frame(1, text));
    const std::size_t head = size < 126 ? 2 : size < 65536 ? 4 : 10;
    REQUIRE(peer.read_octets(octets, head + size));
    CHECK(octets.substr(head) == text);
  }
  peer.tls.send(test::frame(8, std::string("\x03\xe8", 2)));
  REQUIRE(peer.read_octets(octets, 4));
  CHECK(octets == std::string("\x88\x02\x03\xe8", 4));
  CHECK(peer.closed_in_order());
  CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
}

TEST_CASE("TLS behind the PROXY protocol: its header comes first", "[http][tls][proxy]") {
  certificates files;
  test::running_server server(
      [](http::router& app) {
        app.get("/", [](const http::request& q) {
          return http::text(q.remote_address() + std::string(q.scheme()));
        });
      },
      files.options, true);
  client raw(server.port());
  raw.send("PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n");
  test::tls_client tls(raw.fd(), {files.root.certificate(), "a.test", {}});
  REQUIRE(tls.handshake());
  tls.send(get("/"));
  std::string heard;
  while (heard.find("\r\n\r\n192.0.2.1:4711https") == std::string::npos) REQUIRE(tls.receive(heard));
  client plain(server.port());
  CHECK(plain.ask("PROXY UNKNOWN\r\n" + get("/")).status == 400);
}

TEST_CASE("a listener with TLS needs a certificate", "[http][tls]") {
  boost::asio::io_context context;
  http::router app;
  http::server server(context, app);
  const std::array listeners{listener{.name = "tls-0", .uri = "", .tls = true, .native_handle = 0}};
  CHECK_THROWS_AS(server.start(listeners), std::invalid_argument);
}
