// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

namespace cluster::test {

/// What becomes of the connection behind the answers.
enum class after { kept, closed, ends };  // ends: with its content, of unknown length

/// One requirement: octets on a socket, and what has to come back.
struct rfc_case {
  const char* section;  ///< "9112 3.2"
  const char* what;
  std::string sent;
  std::vector<unsigned> statuses;  ///< of the answers, in order; interim ones count
  after then = after::kept;
  std::vector<std::string> has = {};    ///< in the head of the last answer
  std::vector<std::string> lacks = {};  ///< the same
  const char* body = nullptr;           ///< of the last answer
};

inline std::string request(const std::string& line, const std::string& fields = "Host: a\r\n",
                           const std::string& rest = {}) {
  return line + "\r\n" + fields + "\r\n" + rest;
}

inline void rfc_routes(http::router& app) {
  app.get("/", [] { return http::text("root"); });
  app.get("/smuggled", [] { return http::text("smuggled"); });
  app.get("/none", [] { return http::status(204); });
  app.get("/none-with-content", [] { return http::status(204).body("not to be seen"); });
  app.get("/reset", [] { return http::status(205).body("not to be seen"); });
  app.get("/pieces", [](const http::request& q, http::stream& out) -> boost::asio::awaitable<void> {
    out.start(http::status(q.has_query("reset") ? 205 : 200));
    co_await out.write("piece");
  });
  app.get("/unchanged", [] { return http::status(304).body("not to be seen"); });
  app.get("/closes", [] { return http::text("bye").close(); });
  app.get("/host", [](const http::request& q) { return http::text(std::string(q.host())); });
  app.get("/a/{b}", [](const http::request& q) { return http::text(std::string(q.param("b"))); });
  app.post("/echo", [](const http::request& q) { return http::text(std::string(q.body())); });
  app.put("/echo", [](const http::request& q) { return http::text(std::string(q.body())); });
  app.post("/names", [](const http::request& q) {
    std::string names;
    for (const auto& [name, value] : q.fields()) names.append(name).append(";");
    return http::text(names);
  });
}

/// Tries one on a connection of its own. Behind what has to end the connection comes another request,
/// which must not be served; behind what has to keep it, one that must.
inline void check(running_server& server, const rfc_case& each, bool slowly) {
  INFO("RFC " << each.section << ": " << each.what << (slowly ? ", octet by octet" : "") << "\n"
              << each.sent.substr(0, 300));
  client c(server.port());
  const std::string tail = get(each.then == after::kept ? "/a/behind" : "/smuggled");
  if (slowly) c.send_slowly(each.sent);
  else c.send(each.sent + tail);
  reply last;
  const bool head_only = each.sent.starts_with("HEAD");
  for (const unsigned status : each.statuses) {
    last = c.read(head_only || status == 204 || status == 304);
    if (last.has("\r\nTransfer-Encoding: chunked\r\n") && !head_only) last.body = c.read_chunks();
    CHECK(last.status == status);
    if (last.status == 0) return;
  }
  for (const std::string& text : each.has) {
    INFO("wanted: " << text << "\n" << last.head);
    CHECK(last.has(text));
  }
  for (const std::string& text : each.lacks) {
    INFO("unwanted: " << text << "\n" << last.head);
    CHECK_FALSE(last.has(text));
  }
  if (each.then == after::ends) last.body = c.read_rest();
  if (each.body != nullptr) CHECK(last.body == each.body);
  if (last.status >= 200 && last.status < 500) CHECK(last.has("\r\nDate: "));
  if (each.then != after::kept) {
    CHECK(last.has("\r\nConnection: close\r\n"));
    CHECK(c.closed());
    return;
  }
  if (slowly) c.send(tail);
  CHECK(c.read().body == "behind");
}

inline void check(const std::vector<rfc_case>& cases) {
  running_server server(rfc_routes);
  for (const rfc_case& each : cases) {
    check(server, each, false);
    if (each.sent.size() < 400) check(server, each, true);
  }
  CHECK(server.failures().empty());
}

}  // namespace cluster::test
