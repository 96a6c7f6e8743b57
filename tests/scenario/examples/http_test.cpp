// SPDX-License-Identifier: BSL-1.0
// The examples do what their first lines say.
#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"
#include "web_socket.hpp"

#include <signal.h>

#include <fstream>
#include <memory>

using namespace cluster::test;

namespace {

program_settings example(const std::string& name, std::vector<std::string> own = {},
                         const char* workers = "1") {
  program_settings settings{
      CLUSTER_TEST_BINARY_DIR "/examples/" + name, {"--listen", "127.0.0.1:0", "--workers", workers}, {}, {}};
  if (!own.empty()) settings.arguments.emplace_back("--");
  settings.arguments.insert(settings.arguments.end(), own.begin(), own.end());
  return settings;
}

void stop(program& cluster) {
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

}  // namespace

TEST_CASE("static files", "[examples]") {
  const scratch_folder folder;
  std::ofstream(folder / "index.html") << "<p>home";
  program cluster(example("03_static_files", {"--folder", folder.path(), "--log", "common"}));
  cluster.wait_ready(1);
  const answer home = get(cluster.port(), "/");
  CHECK(home.body == "<p>home");
  CHECK(home.field("Content-Type") == "text/html; charset=utf-8");
  CHECK(home.field("X-Content-Type-Options") == "nosniff");
  CHECK_FALSE(home.field("ETag").empty());
  CHECK(get(cluster.port(), "/missing").status == 404);
  cluster.wait_for("\"GET / HTTP/1.1\" 200 7");
  cluster.wait_for("\"GET /missing HTTP/1.1\" 404 10");
  stop(cluster);
}

TEST_CASE("streaming: numbers, sums, and events that go on in the next worker", "[examples]") {
  program cluster(example("04_streaming"));
  cluster.wait_ready(1);
  const answer numbers = get(cluster.port(), "/numbers/10000");
  CHECK(numbers.field("Transfer-Encoding") == "chunked");
  CHECK(numbers.body.ends_with("\n9999\n10000\n"));
  connection upload(cluster.port());
  upload.send("PUT /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(upload.receive().body == "3 octets, sum 294\n");
  connection events(cluster.port());
  events.send("GET /events HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 41\r\n\r\n");
  CHECK(events.read_until("data: tick 42\n\n").find("id: 42\n") != std::string::npos);
  cluster.signal(SIGHUP);
  CHECK_FALSE(events.read_until("\r\n0\r\n\r\n").empty());
  cluster.wait_for("reload completed: 1 of 1 slots");
  // The same connection, the other worker.
  events.send("GET /events HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 42\r\n\r\n");
  CHECK_FALSE(events.read_until("data: tick 43\n\n").empty());
  stop(cluster);
}

TEST_CASE("JSON API: a hook lets in, a pool blocks, routers are mounted", "[examples]") {
  program cluster(example("06_json_api"));
  cluster.wait_ready(1);
  const auto ask = [&](const std::string& line, const std::string& fields, const std::string& content) {
    connection one(cluster.port());
    one.send(line + " HTTP/1.1\r\nHost: a\r\n" + fields +
             "Content-Length: " + std::to_string(content.size()) + "\r\n\r\n" + content);
    return one.receive();
  };
  const std::string token = "Authorization: Bearer demo\r\n";
  const answer out = ask("POST /v1/sum", "", "[1]");
  CHECK(out.status == 401);
  CHECK(out.field("WWW-Authenticate") == "Bearer");
  CHECK(out.field("Cache-Control") == "no-store");
  const answer sum = ask("POST /v1/sum", token, "[1,2,3.5]");
  CHECK(sum.field("Content-Type") == "application/json");
  CHECK(sum.body.find("\"user\":\"demo\"") != std::string::npos);
  CHECK(sum.body.find("6.5E0") != std::string::npos);
  CHECK(ask("POST /v1/sum", token, "{}").status == 400);
  CHECK(ask("POST /v1/sum", token, std::string(5000, ' ')).status == 413);
  CHECK(ask("GET /v1/slow", token, "").body == "{\"slow\":true}");
  CHECK(ask("GET /v1/none", token, "").body.find("nothing here") != std::string::npos);
  CHECK(ask("GET /none", "", "").status == 404);
  stop(cluster);
}

TEST_CASE("chat: a message reaches the others, before and after a reload", "[examples]") {
  program cluster(example("05_websocket_chat", {}, "3"));
  cluster.wait_ready(3);
  CHECK(get(cluster.port(), "/").body.find("WebSocket") != std::string::npos);
  auto ann = std::make_unique<connection>(cluster.port());
  auto bob = std::make_unique<connection>(cluster.port());
  for (connection* each : {ann.get(), bob.get()}) {
    each->send(handshake("/chat"));
    each->read_until("Who are you?");
  }
  ann->send(masked("Ann"));
  ann->read_until("Ann has come");
  bob->send(masked("Bob"));
  ann->read_until("Bob has come");
  bob->read_until("Bob has come");
  bob->send(masked("hello"));
  ann->read_until("Bob: hello");
  bob->read_until("Bob: hello");
  cluster.signal(SIGHUP);
  cluster.wait_for("reload completed: 3 of 3 slots");
  // The same connections, in other workers, and those know who they are.
  ann->send(masked("still here"));
  ann->read_until("Ann: still here");
  bob->read_until("Ann: still here");
  ann.reset();  // or the drain would wait for their answers to its farewell
  bob.reset();
  stop(cluster);
}
