// SPDX-License-Identifier: BSL-1.0
// WebSocket sessions on the wire, by section of RFC 6455.
#include "running_server.hpp"
#include "support/catch.hpp"
#include "ws_client.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace cluster;
using namespace std::chrono_literals;
using namespace cluster::test;
namespace asio = boost::asio;

namespace {

asio::awaitable<void> echo(const http::request&, http::websocket& session) {
  while (auto message = co_await session.read())
    co_await session.send(std::move(message->data), message->type);
}

void ws_routes(http::router& app) {
  app.websocket("/echo", echo);
  app.get("/", [] { return http::text("root"); });
}

// A session on that path, its handshake done.
client open(test::running_server& server, std::string_view target, std::string_view more = {}) {
  client c(server.port());
  const auto answer = c.ask(handshake(target, more));
  REQUIRE(answer.status == 101);
  return c;
}

}  // namespace

TEST_CASE("the opening handshake (RFC 6455 4.2.2)", "[http][websocket]") {
  test::running_server server([](http::router& app) {
    ws_routes(app);
    app.after([](const http::request&, http::response& r) { r.set("X-After", "hook"); });
  });
  client c(server.port());
  c.send(get("/") + handshake("/echo"));
  CHECK(c.read().body == "root");
  const auto answer = c.read();
  CHECK(answer.status == 101);
  CHECK(answer.has("Upgrade: websocket\r\n"));
  CHECK((answer.has("Connection: upgrade\r\n") || answer.has("Connection: Upgrade\r\n")));
  CHECK(answer.has("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  CHECK(answer.has("X-After: hook\r\n"));
  CHECK_FALSE(answer.has("Sec-WebSocket-Extensions"));
  CHECK_FALSE(answer.has("Sec-WebSocket-Protocol"));
  const auto counters = server.counters();
  CHECK(counters.websockets == 1);
  CHECK(counters.open == 1);
}

TEST_CASE("handshakes that are not right (RFC 6455 4.2.1)", "[http][websocket]") {
  test::running_server server([](http::router& app) {
    ws_routes(app);
    app.websocket("/own", echo, {.origins = {"https://a.example"}});
  });
  const auto without = [](const std::string& name) {
    std::string out = handshake("/echo");
    const std::size_t at = out.find(name + ":");
    out.erase(at, out.find("\r\n", at) + 2 - at);
    return out;
  };
  const auto with = [](const std::string& from, const std::string& to) {
    std::string out = handshake("/echo");
    out.replace(out.find(from), from.size(), to);
    return out;
  };
  const auto key = [](const std::string& value) { return handshake("/echo", {}, value); };
  struct row {
    const char* what;
    std::string sent;
    unsigned status;
  };
  const std::vector<row> rows = {
      {"no Upgrade", without("Upgrade"), 426},
      {"no Connection", without("Connection"), 426},
      {"a plain GET", get("/echo"), 426},
      {"other protocol", with("Upgrade: websocket", "Upgrade: h2c"), 426},
      {"no version", without("Sec-WebSocket-Version"), 400},
      {"version 8", with("Version: 13", "Version: 8"), 426},
      {"two versions", handshake("/echo", "Sec-WebSocket-Version: 13\r\n"), 400},
      {"no key", without("Sec-WebSocket-Key"), 400},
      {"empty key", key(""), 400},
      {"short key", key("dGhlIHNhbXBsZQ=="), 400},
      {"long key", key("dGhlIHNhbXBsZSBub25jZXh4"), 400},
      {"key that is no base64", key("dGhlIHNhbXBsZSBub25j!Q=="), 400},
      {"key with odd bits", key("dGhlIHNhbXBsZSBub25jZR=="), 400},
      {"two keys", handshake("/echo", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), 400},
      {"HTTP/1.0", with("HTTP/1.1", "HTTP/1.0"), 400},
      {"with content", handshake("/echo", "Content-Length: 1\r\n") + "x", 400},
      {"bad extensions", handshake("/echo", "Sec-WebSocket-Extensions: a;=b\r\n"), 400},
      {"empty extensions", handshake("/echo", "Sec-WebSocket-Extensions:\r\n"), 400},
      {"bad subprotocol", handshake("/echo", "Sec-WebSocket-Protocol: a b\r\n"), 400},
      {"extensions that are not taken",
       handshake("/echo", "Sec-WebSocket-Extensions: permessage-deflate; a=\"b\", c\r\n"), 101},
      {"tokens in lists and other case", with("Connection: Upgrade", "Connection: keep-alive, uPgRaDe"), 101},
      {"foreign origin", handshake("/own", "Origin: https://b.example\r\n"), 403},
      {"own origin", handshake("/own", "Origin: https://a.example\r\n"), 101},
      {"no origin", handshake("/own"), 101},
  };
  for (const row& r : rows) {
    INFO(r.what << "\n" << r.sent);
    client c(server.port());
    const auto answer = c.ask(r.sent);
    CHECK(answer.status == r.status);
    if (r.status == 426) {
      CHECK(answer.has("Upgrade: websocket\r\n"));
      CHECK(answer.has("Connection: upgrade\r\n"));
      CHECK(answer.has("Sec-WebSocket-Version: 13\r\n"));
    }
    if (r.status >= 400 && std::string(r.what) != "HTTP/1.0") CHECK(c.ask(get("/")).body == "root");
  }
  CHECK_THROWS_AS(http::router().websocket("/x", {}), std::invalid_argument);
  CHECK_THROWS_AS(http::router().websocket("/x", echo, {.subprotocols = {"a b"}}), std::invalid_argument);
}

TEST_CASE("messages come back as they were, pings are answered between (RFC 6455 5)", "[http][websocket]") {
  test::running_server server(ws_routes);
  client c(server.port());
  // Frames that came right behind the handshake are not lost.
  c.send(handshake("/echo") + frame(1, "early"));
  CHECK(c.read().status == 101);
  CHECK(read_frame(c).payload == "early");
  for (const std::size_t size : {0U, 1U, 125U, 126U, 65535U, 65536U, 1'048'576U}) {
    std::string content(size, '\0');
    for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 31 % 251);
    c.send(frame(2, content));
    const auto back = read_frame(c);
    CHECK(back.opcode == binary_frame);
    CHECK(back.payload == content);
  }
  c.send(frame(1, "one ", false) + frame(9, "ping") + frame(0, "two ", false) + frame(10, "") +
         frame(0, "three"));
  const auto pong = read_frame(c);
  CHECK(pong.opcode == 10);
  CHECK(pong.payload == "ping");
  const auto back = read_frame(c);
  CHECK(back.opcode == text_frame);
  CHECK(back.payload == "one two three");
  c.send_slowly(frame(1, "slow") + frame(9, "x"));
  CHECK(read_frame(c).payload == "slow");
  CHECK(read_frame(c).opcode == 10);
}

TEST_CASE("closing (RFC 6455 5.5.1, 7)", "[http][websocket]") {
  test::running_server server([](http::router& app) {
    ws_routes(app);
    app.websocket("/brief", [](const http::request&, http::websocket& s) -> asio::awaitable<void> {
      co_await s.send("bye");
    });
    app.websocket("/throws", [](const http::request&, http::websocket& s) -> asio::awaitable<void> {
      co_await s.read();
      throw std::runtime_error("no more");
    });
    app.websocket("/own", [](const http::request&, http::websocket& s) -> asio::awaitable<void> {
      co_await s.send("last");
      co_await s.close(4000, "own reason");
    });
  });
  for (const unsigned code : {1000U, 1001U, 1011U, 1013U, 3000U, 4999U}) {
    client c = open(server, "/echo");
    c.send(close_frame(code, "why"));
    const auto answer = read_frame(c);
    CHECK(answer.opcode == close_opcode);
    CHECK(answer.code() == code);
    CHECK(c.closed());
  }
  for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2999U, 5000U, 65535U}) {
    INFO(code);
    client c = open(server, "/echo");
    c.send(close_frame(code));
    CHECK(read_frame(c).code() == 1002);
  }
  client none = open(server, "/echo");
  none.send(frame(8, ""));
  CHECK(read_frame(none).opcode == close_opcode);
  CHECK(none.closed());

  client brief = open(server, "/brief");
  CHECK(read_frame(brief).payload == "bye");
  CHECK(read_frame(brief).code() == 1000);
  brief.send(close_frame(1000));
  CHECK(brief.closed());
  client throws = open(server, "/throws");
  throws.send(frame(1, "go"));
  CHECK(read_frame(throws).code() == 1011);
  client own = open(server, "/own");
  CHECK(read_frame(own).payload == "last");
  const auto closed = read_frame(own);
  CHECK(closed.code() == 4000);
  CHECK(closed.payload.substr(2) == "own reason");
  throws.send(close_frame(1011));
  own.send(close_frame(4000));
  CHECK(server.eventually([](const auto& n) { return n.open == 0 && n.websockets == 0; }));
  CHECK(server.failures() == std::vector<std::string>{"GET /throws: no more"});
}

TEST_CASE("what breaks the protocol or a limit ends the session (RFC 6455 5.1, 7.4.1, 8.1)",
          "[http][websocket]") {
  test::running_server server([](http::router& app) {
    app.websocket("/small", echo, {.message_bytes = 100, .message_fragments = 5});
  });
  struct row {
    const char* what;
    std::string sent;
    unsigned code;  // 0: the connection just ends
  };
  std::string fragments = frame(1, "", false);
  for (int i = 0; i < 10; ++i) fragments += frame(0, "", false);
  const std::vector<row> rows = {
      {"not masked", frame(1, "x", true, false), 1002},
      {"reserved opcode", frame(3, "x"), 1002},
      {"reserved bit", std::string(1, '\xc1') + frame(1, "x").substr(1), 1002},
      {"continuation of nothing", frame(0, "x"), 1002},
      {"message in a message", frame(1, "x", false) + frame(1, "y"), 1002},
      {"fragmented control", frame(9, "x", false), 1002},
      {"long control", frame(9, std::string(126, 'x')), 1002},
      {"close of one octet", frame(8, "x"), 1002},
      {"no UTF-8", frame(1, "\xff"), 1007},
      {"no UTF-8 in a reason", close_frame(1000, "\xff"), 1007},
      {"too large", frame(1, std::string(101, 'x')), 1009},
      {"too large in fragments", frame(1, std::string(60, 'x'), false) + frame(0, std::string(60, 'x')),
       1009},
      {"too many fragments", fragments, 0},
  };
  for (const row& r : rows) {
    INFO(r.what);
    client c = open(server, "/small");
    c.send(r.sent);
    const auto answer = read_frame(c);
    if (r.code == 0) {
      CHECK(answer.opcode == no_frame);
    } else {
      CHECK(answer.opcode == close_opcode);
      // What is wrong with a close frame itself may be told as a plain breach of the protocol.
      CHECK((answer.code() == r.code || (r.code == 1007 && answer.code() == 1002)));
    }
    c.send(close_frame(1000));
  }
  client fits = open(server, "/small");
  fits.send(frame(1, std::string(100, 'x')));
  CHECK(read_frame(fits).payload.size() == 100);
  fits.abort();
  CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
  CHECK(server.failures().empty());
}

TEST_CASE("subprotocols: the first that the application likes (RFC 6455 4.2.2)", "[http][websocket]") {
  test::running_server server([](http::router& app) {
    app.websocket("/s",
                  [](const http::request&, http::websocket& s) -> asio::awaitable<void> {
                    co_await s.send("speaks " + s.subprotocol());
                  },
                  {.subprotocols = {"chat.2", "chat.1"}});
  });
  client c(server.port());
  const auto answer =
      c.ask(handshake("/s", "Sec-WebSocket-Protocol: other, chat.1\r\nSec-WebSocket-Protocol: chat.2\r\n"));
  CHECK(answer.has("Sec-WebSocket-Protocol: chat.2\r\n"));
  CHECK(read_frame(c).payload == "speaks chat.2");
  client none(server.port());
  CHECK_FALSE(none.ask(handshake("/s", "Sec-WebSocket-Protocol: other\r\n")).has("Sec-WebSocket-Protocol"));
  CHECK(read_frame(none).payload == "speaks ");
}

TEST_CASE("a broadcast reaches everybody, and the slow are left behind", "[http][websocket]") {
  auto group = std::make_shared<http::websocket_group>();
  test::running_server server([&](http::router& app) {
    app.websocket("/group",
                  [group](const http::request&, http::websocket& s) -> asio::awaitable<void> {
                    group->join(s);
                    while (auto message = co_await s.read()) group->broadcast(std::move(message->data));
                  },
                  {.queue_bytes = 1024 * 1024, .close_time = 300ms});
  });
  std::vector<client> members;
  for (int i = 0; i < 5; ++i) members.push_back(open(server, "/group"));
  REQUIRE(
      server.eventually([&](const auto&) { return server.ask([&](auto&) { return group->size(); }) == 5; }));
  members[0].send(frame(1, "hello"));
  for (client& each : members) CHECK(read_frame(each).payload == "hello");
  // One that takes nothing; the others read on.
  client slow(server.port(), 4096);
  REQUIRE(slow.ask(handshake("/group")).status == 101);
  REQUIRE(
      server.eventually([&](const auto&) { return server.ask([&](auto&) { return group->size(); }) == 6; }));
  const std::string much(512 * 1024, 'x');
  for (int round = 0; round < 30; ++round) {
    members[0].send(frame(1, much));
    for (client& each : members) REQUIRE(read_frame(each).payload.size() == much.size());
  }
  CHECK(server.eventually([&](const auto& n) { return n.websockets == 5; }));
  for (client& each : members) each.close();
  CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
  server.ask([&](auto&) {
    group.reset();
    return 0;
  });
}

TEST_CASE("sending waits for a client that does not keep up", "[http][websocket]") {
  std::atomic<int> sent{0};
  test::running_server server([&](http::router& app) {
    app.websocket("/flood",
                  [&](const http::request&, http::websocket& s) -> asio::awaitable<void> {
                    for (int i = 0; i < 160; ++i) {
                      co_await s.send(std::string(64 * 1024, 'x'), http::websocket::kind::binary);
                      ++sent;
                    }
                  },
                  {.queue_bytes = 128 * 1024});
    app.get("/", [] { return http::text("root"); });
  });
  client c(server.port(), 4096);
  REQUIRE(c.ask(handshake("/flood")).status == 101);
  REQUIRE(server.eventually([&](const auto&) { return sent != 0; }));
  int seen;
  do {
    seen = sent;
    for (int i = 0; i < 20; ++i) CHECK(client(server.port()).ask(get("/")).body == "root");
  } while (seen != sent);
  CHECK(seen < 160);
  c.receive_buffer(4 * 1024 * 1024);  // from now on it is a fast one
  for (int i = 0; i < 160; ++i) REQUIRE(read_frame(c).payload.size() == 64 * 1024);
  CHECK(read_frame(c).code() == 1000);
}

TEST_CASE("a client that says nothing is asked, then left", "[http][websocket]") {
  test::running_server server([](http::router& app) { app.websocket("/echo", echo, {.idle_time = 200ms}); });
  client c = open(server, "/echo");
  CHECK(read_frame(c).opcode == 9);
  CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
  CHECK(server.failures().empty());
}

TEST_CASE("a drain sends sessions away in good order", "[http][websocket][drain]") {
  test::running_server server(ws_routes);
  client c = open(server, "/echo");
  client stays = open(server, "/echo");
  auto drained = server.drain(10s);
  CHECK(read_frame(c).code() == 1012);
  c.send(close_frame(1012));
  CHECK(c.closed());
  CHECK(read_frame(stays).code() == 1012);
  stays.send(frame(1, "not heard any more") + close_frame(1012));
  CHECK(drained.get() == error_code());
}
