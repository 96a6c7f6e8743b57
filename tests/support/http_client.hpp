// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/program.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace cluster::test {

struct answer {
  int status = 0;    ///< 0: no complete answer came
  std::string head;  ///< status line and fields
  std::string body;
  std::string problem;  ///< why there is none

  std::string field(const std::string& name) const;
};

/// One connection, blocking, every wait bounded.
class connection {
 public:
  explicit connection(std::uint16_t port);
  explicit connection(const std::string& unix_path);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  bool open() const { return fd_ >= 0; }
  const std::string& problem() const { return problem_; }
  bool send(const std::string& bytes);
  answer receive(std::chrono::milliseconds limit = patience);
  answer get(const std::string& path, std::chrono::milliseconds limit = patience);
  /// Everything that came up to and with `text`; throws std::runtime_error if that does not come.
  std::string read_until(const std::string& text, std::chrono::milliseconds limit = patience);
  /// True when the server has closed in an orderly way and nothing was left to read.
  bool closed_by_server(std::chrono::milliseconds limit = patience);

 private:
  bool fill(std::chrono::steady_clock::time_point deadline);
  bool receive_chunks(std::chrono::steady_clock::time_point deadline, std::string& content);

  int fd_ = -1;
  std::string problem_;
  std::string buffer_;
};

/// One request on a connection of its own.
answer get(std::uint16_t port, const std::string& path);

/// Clients that send requests without pause until the object is asked for its result.
class load {
 public:
  enum class mode { keep_alive, connection_per_request };

  load(std::uint16_t port, mode how, unsigned clients, std::string path = "/");
  ~load() { finish(); }
  load(const load&) = delete;
  load& operator=(const load&) = delete;

  std::uint64_t answered() const { return answered_; }
  /// Waits until this many more requests were answered.
  void wait_for_more(std::uint64_t count) const;

  struct result {
    std::uint64_t answered = 0;
    std::uint64_t refused = 0;  ///< connections that could not be made
    std::uint64_t failed = 0;   ///< requests without a complete answer of status 200
    std::string first_problem;
  };
  result finish();

 private:
  void run(mode how);
  void note(const std::string& problem);

  std::uint16_t port_;
  std::string path_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic_flag noted_;
  std::string first_problem_;
  std::vector<std::thread> threads_;
};

}  // namespace cluster::test
