// SPDX-License-Identifier: BSL-1.0
// 64 connections of random octets at a time, for CLUSTER_TEST_SECONDS (2): nothing crashes, nothing leaks, no
// worker is replaced, and the others are served. CLUSTER_TEST_SEED repeats one.
#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"

#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>
#include <vector>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

unsigned setting(const char* name, unsigned otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : otherwise;
}

// Half of it looks like something for a moment.
std::string noise(std::mt19937& random) {
  static const std::vector<std::string> beginnings{
      "GET / HTTP/1.1\r\nHost: a\r\n",
      "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n",
      "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      "\x16\x03\x01\x02",
      "PROXY TCP4 ",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"};
  std::string out;
  if (random() % 2 == 0) out = beginnings[random() % beginnings.size()];
  for (unsigned left = static_cast<unsigned>(random() % 4000); left > 0; --left)
    out.push_back(static_cast<char>(random()));
  return out;
}

}  // namespace

TEST_CASE("random octets from 64 connections harm nobody", "[noise]") {
  program cluster({CLUSTER_TEST_BINARY_DIR "/examples/90_workbench",
                   {"--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0+proxy", "--workers", "2"},
                   {},
                   {}});
  cluster.wait_ready(2);
  const std::uint16_t port = cluster.port();
  const std::string line = cluster.wait_for("listening on ");
  const auto behind = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  const auto workers = cluster.ready_workers();
  // What a worker holds once it has seen some of everything.
  std::mt19937 warm(1);
  for (int i = 0; i < 400; ++i) connection(i % 4 == 0 ? behind : port).send(noise(warm));
  REQUIRE(get(port, "/").status == 200);
  std::vector<std::size_t> memory;
  for (const auto& each : workers) memory.push_back(private_kib_of(each.pid));

  const unsigned seed = setting("CLUSTER_TEST_SEED", std::random_device{}());
  INFO("seed " << seed);
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::seconds(setting("CLUSTER_TEST_SECONDS", 2));
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> unserved{0};
  std::vector<std::thread> threads;
  for (unsigned n = 0; n < 8; ++n)
    threads.emplace_back([&, n] {
      std::mt19937 random(seed + n);
      std::vector<std::unique_ptr<connection>> open(8);
      while (std::chrono::steady_clock::now() < end) {
        auto& one = open[random() % open.size()];
        if (!one || random() % 4 == 0) one = std::make_unique<connection>(random() % 4 == 0 ? behind : port);
        sent += one->send(noise(random)) ? 1 : 0;
        if (random() % 64 == 0 && get(port, "/").status != 200) ++unserved;
      }
    });
  for (std::thread& each : threads) each.join();
  WARN(sent << " pieces of noise taken");
  CHECK(unserved == 0);
  CHECK(get(port, "/").status == 200);
  CHECK(cluster.ready_workers().size() == 2);
  CHECK(cluster.count(") ended") == 0);
  for (std::size_t i = 0; i < workers.size(); ++i) {
    REQUIRE(process_exists(workers[i].pid));
    const std::size_t now = private_kib_of(workers[i].pid);
    INFO("worker " << workers[i].id << ": " << memory[i] << " KiB before, " << now << " KiB after");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CHECK(now < memory[i] + 8 * 1024);
#endif
  }
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}
