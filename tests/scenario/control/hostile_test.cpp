// SPDX-License-Identifier: BSL-1.0
// Clients of the control socket that do not behave: refused or bounded, and the cluster serves on.
#include "controlled.hpp"

#include "support/strict_load.hpp"
#include "unit/os/other_user.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <thread>

using namespace cluster::test;
using namespace std::chrono_literals;

TEST_CASE("another user is refused, by the file's mode and, were that opened, by the server", "[control]") {
  if (::geteuid() != 0) return skipped("needs root, to become somebody else");
  controlled it({"--workers", "1"});
  it.cluster.wait_ready(1);
  struct stat made {};
  REQUIRE(::stat(it.socket().c_str(), &made) == 0);
  CHECK((made.st_mode & 07777) == 0600);
  REQUIRE(::chmod(it.folder.path().c_str(), 0755) == 0);
  std::string refused;
  REQUIRE(without_privileges([&] { refused = connection(it.socket()).problem(); }));
  CHECK(refused == "connect: Permission denied");
  REQUIRE(::chmod(it.socket().c_str(), 0777) == 0);
  answer got;
  REQUIRE(without_privileges([&] {
    connection client(it.socket());
    client.send(controlled::request("POST", "/v1/stop"));
    got = client.receive();
  }));
  CHECK(got.status == 403);
  CHECK(error_code_of(got) == "forbidden");
  CHECK(it.status().at("ready").as_int64() == 1);
  it.stop();
}

TEST_CASE("half a request, garbage and too much of everything are answered or cut off", "[control]") {
  controlled it({"--workers", "1"});
  it.cluster.wait_ready(1);
  connection half(it.socket());
  REQUIRE(half.send("POST /v1/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{\"mode\""));
  const auto refusal = [&](const std::string& text) {
    connection client(it.socket());
    client.send(text);
    const answer got = client.receive();
    CHECK(client.closed_by_server());
    return got.status;
  };
  CHECK(refusal("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\r\n\r\n") == 400);
  CHECK(refusal("GET / HTTP/2.0\r\n\r\n") == 505);
  CHECK(refusal("GET /v1/status HTTP/1.1\r\n\r\n") == 400);
  CHECK(refusal("GET /" + std::string(3000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n") == 414);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(9000, 'a') + "\r\n\r\n") == 431);
  CHECK(refusal("POST /v1/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n") == 413);
  CHECK(it.status().at("ready").as_int64() == 1);  // half a request has stopped nothing
  it.stop();
}

TEST_CASE("10,000 requests leave nothing behind", "[control]") {
  controlled it({"--workers", "1"});
  it.cluster.wait_ready(1);
  const auto some = [&](int count) {
    connection client(it.socket());
    for (int i = 0; i < count; ++i) {
      if (i % 10 == 9) {
        CHECK(it.ask("GET", "/healthz").status == 200);
      } else {
        REQUIRE(client.send(controlled::request("GET", i % 2 == 0 ? "/v1/status" : "/readyz")));
        REQUIRE(client.receive().status == 200);
      }
    }
  };
  const auto descriptors = descriptors_of(it.cluster.pid());
  some(500);
  const auto memory = private_kib_of(it.cluster.pid());
  some(9500);
  // The last clients are gone as soon as the server has seen them go.
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (descriptors_of(it.cluster.pid()) > descriptors && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(descriptors_of(it.cluster.pid()) <= descriptors);  // it may not have been through with its start
  CHECK(private_kib_of(it.cluster.pid()) <= memory + 512);
  it.stop();
}

TEST_CASE("readers that never read cost bounded memory, and one too many is told so", "[control]") {
  controlled it({"--workers", "1"});
  it.cluster.wait_ready(1);
  std::vector<std::unique_ptr<connection>> silent;
  for (int i = 0; i < 64; ++i) {
    silent.push_back(std::make_unique<connection>(it.socket()));
    // Pipelined, so that the answers fill the socket and then the patience of the server.
    std::string many;
    for (int each = 0; each < 20; ++each) many += controlled::request("GET", "/v1/events?history=1");
    REQUIRE(silent.back()->send(many));
  }
  const answer one_more = it.ask("GET", "/healthz");
  CHECK(one_more.status == 503);
  CHECK(error_code_of(one_more) == "overloaded");
  const auto before = private_kib_of(it.cluster.pid());
  for (int i = 0; i < 3; ++i) {
    it.cluster.signal(SIGHUP);
    it.cluster.wait_for("reload completed");
  }
  CHECK(private_kib_of(it.cluster.pid()) <= before + 4096);
  silent.clear();
  // Their places are free again as soon as the server has seen them go.
  const auto deadline = std::chrono::steady_clock::now() + patience;
  int status = 0;
  while (status != 200 && std::chrono::steady_clock::now() < deadline)
    status = it.ask("GET", "/healthz").status;
  CHECK(status == 200);
  it.stop();
}
