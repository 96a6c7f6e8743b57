// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/http/server.hpp>
#include <cluster/statistics.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

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
    std::function<void(std::size_t, const route_numbers&)> route;
    std::size_t routes = 0;  ///< places that are counted; the second one is of all beyond
  };

  void set(sink to);

  void begin_batch() noexcept {
    in_batch_ = true;
    if (sink_.totals) start_ = last_ = clock::now();
  }
  /// An answer of that status began, by the route with that place.
  void counted(std::uint32_t place, unsigned status) noexcept {
    if (rows_.empty()) return;
    row& to = row_of(place);
    ++to.numbers.answers[(status / 100 - 1) % 5];
    note(to);
    if (!in_batch_) show_routes();
  }
  /// It is complete within its turn.
  void answered(std::uint32_t place) noexcept {
    ++answered_;
    if (rows_.empty()) return;
    row& to = row_of(place);
    ++to.in_turn;
    note(to);
  }
  void end_turn() {
    if (answered_ != 0) take_time();
  }
  void end_batch(const server_counters& counters);

  /// Of a request that is not answered within its turn.
  clock::time_point start() const noexcept { return start_; }
  void answered_late(std::uint32_t place, clock::time_point began);

 private:
  struct row {
    route_numbers numbers;
    std::uint32_t in_turn = 0;  ///< answers whose time is not taken yet
    bool noted = false;
  };

  row& row_of(std::uint32_t place) noexcept { return rows_[place < rows_.size() ? place : 1]; }
  /// It has something to show at the end of the batch, or now.
  void note(row& which) noexcept {
    if (which.noted) return;
    which.noted = true;
    noted_.push_back(static_cast<std::uint32_t>(&which - rows_.data()));  // there is room for all
  }
  void take_time();
  void show_routes();

  sink sink_;
  clock::time_point start_{};   ///< of the wake-up
  clock::time_point last_{};    ///< the last look at the clock
  std::uint64_t answered_ = 0;  ///< in the turn that runs
  std::chrono::nanoseconds busy_{0};
  std::vector<row> rows_;
  std::vector<std::uint32_t> noted_;  ///< rows that have changed since they were shown
  bool in_batch_ = false;
};

}  // namespace cluster::http
