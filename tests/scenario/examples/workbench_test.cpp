// SPDX-License-Identifier: BSL-1.0
// Each path of the workbench does what its first lines say.
#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"
#include "web_socket.hpp"

#include <signal.h>

#include <memory>
#include <set>
#include <vector>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

program_settings workbench(const char* workers) {
  return {CLUSTER_TEST_BINARY_DIR "/examples/90_workbench",
          {"--listen", "127.0.0.1:0", "--workers", workers, "--hang-timeout", "700ms"},
          {},
          {}};
}

answer ask(std::uint16_t port, const std::string& line, const std::string& fields = {},
           const std::string& content = {}) {
  connection one(port);
  one.send(line + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + content);
  return one.receive();
}

answer send(std::uint16_t port, const std::string& line, const std::string& content) {
  return ask(port, line, "Content-Length: " + std::to_string(content.size()) + "\r\n", content);
}

}  // namespace

TEST_CASE("the workbench: paths that answer", "[examples][workbench]") {
  program cluster(workbench("1"));
  cluster.wait_ready(1);
  const std::uint16_t port = cluster.port();
  struct row {
    std::string path;
    int status;
    std::string body;
  };
  const std::string pid = std::to_string(cluster.ready_workers().front().pid);
  for (const row& each : {row{"/", 200, "Hello, World!\n"},
                          {"/whoami", 200, "worker 1 slot 0 pid " + pid + "\n"},
                          {"/say/a%2Fb", 200, "a/b"},
                          {"/echo", 200, ""},
                          {"/ms/20", 200, "waited\n"},
                          {"/spin/20", 200, "spun\n"},
                          {"/block/20", 200, "blocked\n"},
                          {"/leak/1", 200, "leaked\n"},
                          {"/print/words-of-mine", 200, "printed\n"},
                          {"/big", 200, std::string(8 * 1024 * 1024, 'x')},
                          {"/stream", 200, std::string(64 * 1024, 's')},
                          {"/throw", 500, "Internal Server Error\n"},
                          {"/ms/x", 500, "Internal Server Error\n"},
                          {"/nowhere", 404, "Not Found\n"},
                          {"/ws", 426, "an Upgrade to websocket is required\n"}}) {
    INFO(each.path);
    const answer got = get(port, each.path);
    CHECK(got.status == each.status);
    CHECK((got.body == each.body));
    CHECK(got.field("X-Worker") == "1");
  }
  for (int i = 0; i < 2; ++i) cluster.wait_for("words-of-mine");
  CHECK(get(port, "/stream").field("Transfer-Encoding") == "chunked");
  const answer from = get(port, "/from");
  CHECK(from.body.starts_with("127.0.0.1:"));
  const answer headers = ask(port, "GET /headers", "X-A: b  \r\nx-a: \tc\r\n");
  CHECK(headers.body == "Host: a\nX-A: b\nx-a: c\n");

  CHECK(send(port, "POST /echo", "content").body == "content");
  CHECK(send(port, "PUT /echo", "").body.empty());
  CHECK(send(port, "POST /echo", std::string(2'000'000, 'x')).status == 413);
  CHECK(send(port, "POST /upload", "").body == "0\n");
  CHECK(send(port, "PUT /upload", std::string(3'000'000, 'x')).body == "3000000\n");
  CHECK(ask(port, "POST /upload", "Transfer-Encoding: chunked\r\n", "5\r\nabcde\r\n2\r\nfg\r\n0\r\n\r\n")
            .body == "7\n");
  connection none(port);
  none.send("GET /nocontent HTTP/1.1\r\nHost: a\r\n\r\nGET /visits HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string both = none.read_until("1\n");
  CHECK(both.starts_with("HTTP/1.1 204 "));
  CHECK(both.find("X-Worker: 1\r\n") < both.find("\r\n\r\n"));
  CHECK(both.find("Content-Length: 0") == std::string::npos);
  CHECK(none.get("/visits").body == "2\n");
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("the workbench: paths that end their worker, and WebSocket", "[examples][workbench]") {
  program cluster(workbench("1"));
  cluster.wait_ready(1);
  const std::uint16_t port = cluster.port();
  {
    connection one(port);
    one.send(handshake("/ws"));
    CHECK(one.read_until("\r\n\r\n").find("X-Worker: 1\r\n") != std::string::npos);
    one.send(masked("hello"));
    CHECK(one.read_until(plain("hello")) == plain("hello"));
  }
  connection leaves(port);
  leaves.send("GET /exit/7 HTTP/1.1\r\nHost: a\r\n\r\n");
  cluster.wait_for("exit code 7");
  cluster.wait_ready(2);
  CHECK(get(port, "/").field("X-Worker") == "2");
  connection hangs(port);
  hangs.send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
  cluster.wait_ready(3);  // replaced as hung
  CHECK(get(port, "/").field("X-Worker") == "3");
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("a room is one for all workers, before and after a reload", "[examples][websocket]") {
  program cluster(workbench("3"));
  cluster.wait_ready(3);
  std::vector<std::unique_ptr<connection>> all;
  std::set<std::string> workers;
  // Until each worker has a session; who has more than its share lets others go first.
  while (workers.size() < 3 && all.size() < 30) {
    all.push_back(std::make_unique<connection>(cluster.port()));
    all.back()->send(handshake("/room"));
    const std::string head = all.back()->read_until("\r\n\r\n");
    workers.insert(head.substr(head.find("X-Worker: "), 12));
  }
  REQUIRE(workers.size() == 3);
  const auto hear = [&](connection& one, const std::string& text) {
    const std::string got = one.read_until(plain(text));
    INFO(text);
    CHECK(got == plain(text));  // and nothing before it
  };
  const auto talk = [&](const std::string& when) {
    for (std::size_t speaker : {std::size_t{0}, all.size() - 1}) {
      for (int n = 1; n <= 50; ++n) all[speaker]->send(masked(when + std::to_string(n)));
      for (auto& each : all)
        for (int n = 1; n <= 50; ++n) hear(*each, when + std::to_string(n));
    }
  };
  // Who hears itself has joined; when everybody has heard everybody, nothing is on its way any more.
  const auto settle = [&](const std::string& when) {
    for (const std::string word : {"joins ", "knows "})
      for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string text = when + word + std::to_string(i) + ".";
        all[i]->send(masked(text));
        for (std::size_t k = 0; k < all.size(); ++k)
          if (k == i || word == "knows ") all[k]->read_until(plain(text));
      }
  };
  settle("first ");
  talk("before ");
  cluster.signal(SIGHUP);
  cluster.wait_for("reload completed: 3 of 3 slots");
  settle("second ");
  talk("after ");
  for (auto& each : all) each.reset();
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}
