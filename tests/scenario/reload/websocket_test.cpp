// SPDX-License-Identifier: BSL-1.0
// WebSocket sessions that count their messages see no gap, no repeat and no close over reloads.
#include "workbench.hpp"

#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

using namespace cluster::test;

namespace {

// Text of up to 125 octets, masked with zeros.
std::string masked(const std::string& text) {
  return "\x81" + std::string(1, static_cast<char>(0x80U | text.size())) + std::string(4, '\0') + text;
}

std::string plain(const std::string& text) {
  return "\x81" + std::string(1, static_cast<char>(text.size())) + text;
}

const std::string handshake =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
    "13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

}  // namespace

TEST_CASE("numbered echoes over reloads: no gap, no repeat, no close", "[reload][websocket]") {
  program cluster(workbench(built, {"--workers", "2"}));
  cluster.wait_ready(2);
  constexpr int sessions = 16;
  std::atomic<bool> stop{false};
  std::atomic<int> echoed{0};
  std::atomic<int> wrong{0};
  std::string first;
  std::mutex mutex;
  std::vector<std::thread> threads;
  const unsigned seed = std::random_device{}();
  for (unsigned n = 0; n < sessions; ++n)
    threads.emplace_back([&, n] {
      std::mt19937 random(seed + n);
      try {
        connection one(cluster.port());
        one.send(handshake);
        one.read_until("\r\n\r\n");
        int sent = 0;
        int seen = 0;
        while (!stop || seen < sent) {
          // A few at a time, split at a random octet, so that some lie half read when the session moves.
          std::string octets;
          std::string expected;
          for (unsigned i = 1 + random() % 4; i > 0; --i) {
            const std::string text = "message " + std::to_string(++sent);
            octets += masked(text);
            expected += plain(text);
          }
          const std::size_t split = random() % octets.size();
          one.send(octets.substr(0, split));
          std::this_thread::sleep_for(std::chrono::milliseconds(random() % 3));
          one.send(octets.substr(split));
          if (one.read_until(expected.substr(expected.size() -
                                             plain("message " + std::to_string(sent)).size())) != expected)
            throw std::runtime_error("not what was sent");
          seen = sent;
          ++echoed;
        }
      } catch (const std::exception& e) {
        ++wrong;
        const std::lock_guard lock(mutex);
        if (first.empty()) first = e.what();
      }
    });
  const char* wanted = std::getenv("CLUSTER_TEST_RELOADS");
  const int rounds = wanted != nullptr ? std::atoi(wanted) : 20;
  for (int round = 1; round <= rounds && wrong == 0; ++round) {
    const int before = echoed;
    while (echoed < before + 50 && wrong == 0) std::this_thread::yield();
    cluster.signal(SIGHUP);
    cluster.wait_for("reload completed: 2 of 2 slots");
  }
  stop = true;
  for (std::thread& each : threads) each.join();
  WARN(rounds << " reloads under " << sessions << " sessions, seed " << seed << ": " << echoed
              << " rounds of echoes");
  INFO(first << "\n" << cluster.output());
  CHECK(wrong == 0);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}
