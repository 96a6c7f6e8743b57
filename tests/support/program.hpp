// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/types.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cluster::test {

inline constexpr std::chrono::seconds patience{20};  ///< far beyond what anything here takes

struct program_settings {
  std::string path;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;          ///< "NAME=value", over the test's own
  std::vector<std::pair<int, int>> descriptors;  ///< ours and the number it gets in the program
};

/// A program under test, with what it writes. Ended by SIGKILL, with all workers it has announced, if the
/// test leaves without waiting for it. Waits are for events: a line written, an exit.
class program {
 public:
  explicit program(program_settings settings);
  ~program();
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  int pid() const;
  void signal(int number) const;
  bool running() const;

  /// Waits until a line (stdout or stderr) contains `text`, counted from where the last wait for the
  /// same text ended; throws std::runtime_error with all output if it does not come.
  std::string wait_for(const std::string& text, std::chrono::milliseconds limit = patience);
  /// Waits until `count` different workers have become ready, this call and earlier ones together.
  void wait_ready(std::size_t count);
  exit_status wait_exit(std::chrono::milliseconds limit = patience);

  /// Where it listens: the first URI of its start line, and the port of it.
  std::string uri();
  std::uint16_t port();

  struct worker_line {
    std::uint64_t id;
    std::uint64_t slot;
    int pid;
  };
  /// The workers that it has announced as ready, by their number: which of two that start together is ready
  /// first is chance.
  std::vector<worker_line> ready_workers() const;

  std::string output() const;
  std::size_t count(const std::string& text) const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// True while a process of that pid exists and is no zombie.
bool process_exists(int pid);

/// What a process holds now: open descriptors, and private memory in KiB (a page shared with others does not
/// count). 0 if it is gone.
std::size_t descriptors_of(int pid);
std::size_t private_kib_of(int pid);

/// A fresh folder, removed with the object.
class scratch_folder {
 public:
  scratch_folder();
  ~scratch_folder();
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace cluster::test
