// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/http_client.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace cluster::test {

/// Clients that forgive nothing: they never try again, each request carries a number that has to come
/// back, and every way in which one can be disappointed is counted by itself.
class strict_load {
 public:
  enum class manner {
    busy,       ///< keep-alive, one request after the other
    paced,      ///< keep-alive, a few milliseconds between requests
    single,     ///< a connection for each request
    holder,     ///< keep-alive, idle nearly all the time
    pipelined,  ///< up to 16 requests at once, split at a random octet
    posting,    ///< up to 60 kB of content
    slow,       ///< answers that take some time
    trickling   ///< uploads in small pieces
  };

  /// How a number travels to the server and back.
  enum class asking {
    content,  ///< POST /echo with it as the content
    path      ///< GET /say/NUMBER; what a plain web server can be taught as well
  };

  struct result {
    std::uint64_t answered = 0;
    std::uint64_t connections = 0;
    std::uint64_t refused = 0;  ///< connect failed
    std::uint64_t reset = 0;
    std::uint64_t end_on_fresh = 0;   ///< closed before the first answer of a connection
    std::uint64_t end_on_reused = 0;  ///< closed instead of a later answer, or while idle
    std::uint64_t truncated = 0;
    std::uint64_t silent = 0;     ///< no answer in time
    std::uint64_t wrong = 0;      ///< out of order, doubled, other content or status
    std::uint64_t announced = 0;  ///< ends with `Connection: close`; no loss
    std::string first;            ///< the first disappointment in words

    std::uint64_t lost() const {
      return refused + reset + end_on_fresh + end_on_reused + truncated + silent + wrong;
    }
    std::string words() const;
  };

  strict_load(std::uint16_t port, std::uint64_t seed, std::vector<std::pair<manner, unsigned>> clients,
              asking how = asking::content);
  ~strict_load() { finish(); }
  strict_load(const strict_load&) = delete;
  strict_load& operator=(const strict_load&) = delete;

  std::uint64_t answered() const { return answered_; }
  void wait_for_more(std::uint64_t count) const;
  result finish();

 private:
  struct client;

  void run(manner how, std::uint64_t seed);
  bool round(client& one, manner how);
  void blame(std::uint64_t result::*what, const std::string& why);
  std::string question(const std::string& number) const;
  bool check(client& one, const answer& got, const std::string& wanted);

  std::uint16_t port_;
  asking asking_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> numbers_{0};
  std::mutex mutex_;
  result result_;
  std::vector<std::thread> threads_;
};

}  // namespace cluster::test
