// SPDX-License-Identifier: BSL-1.0
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <string>
#include <thread>

using namespace cluster;
using test::client;
using test::get;
using test::post;

namespace {

void content_routes(http::router& app) {
  app.post("/echo", [](const http::request& q) { return http::text(std::string(q.body())); });
  app.post("/fields", [](const http::request& q) {
    std::string out;
    for (const auto& [name, value] : q.fields()) out.append(name).append(": ").append(value).append("\n");
    return http::text(out);
  });
}

const std::string chunked_head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("content of every size comes through", "[http][content]") {
  test::running_server server(content_routes);
  client c(server.port());
  for (const std::size_t n : {0U, 1U, 100U, 16384U, 32768U, 65536U, 500'000U, 1'048'576U}) {
    std::string content(n, '\0');
    for (std::size_t i = 0; i < n; ++i) content[i] = static_cast<char>(i * 31 % 251);
    INFO(n);
    CHECK(c.ask(post("/echo", content)).body == content);
    std::string chunks;
    for (std::size_t at = 0; at < n; at += 70'001) {
      const std::string piece = content.substr(at, 70'001);
      char size[32];
      std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
      chunks += size + piece + "\r\n";
    }
    CHECK(c.ask(chunked_head + chunks + "0\r\n\r\n").body == content);
  }
}

TEST_CASE("trailers never become fields", "[http][content]") {
  test::running_server server(content_routes);
  client c(server.port());
  const auto r = c.ask(
      "POST /fields HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\nx\r\n0\r\nAuthorization: secret\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n");
  CHECK(r.status == 200);
  CHECK(r.body == "Host: a\nTransfer-Encoding: chunked\n");
}

TEST_CASE("Expect: 100-continue", "[http][content]") {
  http::server_options options;
  options.body_bytes = 1000;
  test::running_server server(content_routes, options);
  SECTION("the content is wanted") {
    client c(server.port());
    c.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    const auto interim = c.read();
    CHECK(interim.status == 100);
    CHECK(interim.head == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(c.ask("hello").body == "hello");
  }
  SECTION("the content came along: no need to say it") {
    client c(server.port());
    c.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello");
    CHECK(c.read().status == 200);
  }
  SECTION("too much") {
    client c(server.port());
    c.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n");
    CHECK(c.read().status == 413);
    CHECK(c.closed());
  }
  SECTION("another expectation") {
    client c(server.port());
    c.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: tea\r\n\r\n");
    CHECK(c.read().status == 417);
    CHECK(c.closed());
  }
}

TEST_CASE("the 413 arrives although the client is still sending", "[http][content]") {
  http::server_options options;
  options.body_bytes = 100'000;
  test::running_server server(content_routes, options);
  for (const bool by_length : {true, false}) {
    client c(server.port());
    bool all_sent = true;
    std::thread sender([&] {
      c.send(by_length ? "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n" : chunked_head);
      const std::string piece =
          by_length ? std::string(100'000, 'x') : "186a0\r\n" + std::string(100'000, 'x') + "\r\n";
      for (int i = 0; i < 80; ++i)
        if (!(all_sent = c.send(piece))) break;
      c.end_sending();
    });
    const auto r = c.read();
    CHECK(r.status == 413);
    CHECK(r.has("Connection: close\r\n"));
    sender.join();
    CHECK(all_sent);  // read away, not left to stand
    CHECK(c.closed());
  }
}

TEST_CASE("endless extensions, zeros and trailers cost nothing", "[http][content]") {
  test::running_server server(content_routes);
  const auto flood = [&](const std::string& start, const std::string& piece) {
    client c(server.port());
    c.send(chunked_head + start);
    std::thread sender([&] {
      for (int i = 0; i < 300; ++i)
        if (!c.send(piece)) break;
      c.end_sending();
    });
    const unsigned status = c.read().status;
    sender.join();
    return status;
  };
  CHECK(flood("1;a=", std::string(10'000, 'b')) == 413);
  CHECK(flood("", std::string(10'000, '0')) == 400);
  CHECK(flood("0\r\nA: ", std::string(10'000, 'b')) == 431);
  CHECK(flood("0\r\n", "A: b\r\n") == 431);
}
