// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/sealed_page.hpp"

#include <cluster/statistics.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cluster::os {

/// The page in which one worker counts and its supervisor reads: memory without a file, of a sealed size,
/// so that neither can make the other fault. One writer, relaxed atomics: no number is ever torn, and two
/// numbers may be a moment apart. What a worker writes there is believed for what it is, its own word.
class statistics_page {
 public:
  /// Event loops of one worker that can be watched.
  static constexpr std::size_t loops = 8;

  /// Routes that are counted one by one, and the longest name of one.
  static constexpr std::size_t routes = 64;
  static constexpr std::size_t route_name = 72;

  /// Calls of a stack that are kept, the innermost first.
  static constexpr std::size_t stack_depth = 32;

  /// A sign of life of one event loop.
  struct beat {
    std::uint64_t at = 0;  ///< CLOCK_MONOTONIC in ns; zero: none yet
    pid_t thread = 0;
  };

  /// A new one, all zero, to be written by whoever attaches to it; this object reads.
  failure create();
  /// As its writer; takes the descriptor.
  failure attach(unique_fd fd);
  /// As its reader: one that a worker brings along.
  failure adopt(unique_fd fd);

  int fd() const noexcept { return page_.fd(); }
  explicit operator bool() const noexcept { return page_.data() != nullptr; }

  // The writer. Without a page these do nothing.
  void count(const traffic& now) noexcept;
  void add_latency(std::chrono::nanoseconds time, std::uint64_t requests) noexcept;
  /// Once; without room for them nothing is counted by route.
  void name_routes(const std::vector<std::string>& names) noexcept;
  void count_route(std::size_t which, const route_numbers& now) noexcept;
  void show_life(std::size_t loop, const beat& sign, std::chrono::nanoseconds cpu) noexcept;
  /// By which signal a thread can be asked where it is; 0: by none.
  void answer_stack_requests(int signal) noexcept;
  /// Also from a signal handler.
  void show_stack(const std::uintptr_t* calls, std::size_t count) noexcept;

  // The reader.
  worker_statistics read() const noexcept;
  std::uint64_t requests() const noexcept;
  /// Names hold nothing but printable ASCII, whatever was written.
  std::vector<route_traffic> read_routes() const;
  beat last_beat(std::size_t loop) const noexcept;
  int stack_signal() const noexcept;
  /// How many stacks were shown so far, and the addresses of the last one.
  std::uint64_t stacks() const noexcept;
  std::vector<std::uint64_t> last_stack() const;

 private:
  struct layout;
  struct route;
  layout* mapped() const noexcept;
  route* mapped_routes() const noexcept;

  sealed_page page_;
};

}  // namespace cluster::os
