// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/http/server.hpp>
#include <cluster/statistics.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace cluster::http {

/// Takes the time of requests and of the loop's work. A request's time runs from the wake-up that brought
/// it to the end of the turn that answered it, so it includes the wait behind others of the same wake-up.
/// The clock is read once a wake-up and once a turn that answered something, not once a request.
class recorder {
 public:
  using clock = std::chrono::steady_clock;
  struct sink {
    std::function<void(const traffic&)> totals;
    std::function<void(std::chrono::nanoseconds, std::uint64_t)> latency;
  };

  void set(sink to) { sink_ = std::move(to); }

  void begin_batch() noexcept {
    if (sink_.totals) start_ = last_ = clock::now();
  }
  void answered() noexcept { ++answered_; }
  void end_turn() {
    if (answered_ != 0) take_time();
  }
  void end_batch(const server_counters& counters);

  /// Of a request that is not answered within its turn.
  clock::time_point start() const noexcept { return start_; }
  void answered_late(clock::time_point began);

 private:
  void take_time();

  sink sink_;
  clock::time_point start_{};   ///< of the wake-up
  clock::time_point last_{};    ///< the last look at the clock
  std::uint64_t answered_ = 0;  ///< in the turn that runs
  std::chrono::nanoseconds busy_{0};
};

}  // namespace cluster::http
