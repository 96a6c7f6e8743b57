// SPDX-License-Identifier: BSL-1.0
#include "http/recorder.hpp"

namespace cluster::http {

void recorder::set(sink to) {
  sink_ = std::move(to);
  // Less than two places could not even hold what has none.
  if (sink_.route && sink_.routes >= 2) rows_.resize(sink_.routes);
  noted_.reserve(rows_.size());
}

void recorder::take_time() {
  const std::uint64_t requests = std::exchange(answered_, 0);
  if (!sink_.latency) return;
  last_ = clock::now();
  sink_.latency(last_ - start_, requests);
  for (const std::uint32_t place : noted_) {
    row& each = rows_[place];
    const std::uint32_t count = std::exchange(each.in_turn, 0);
    each.numbers.timed += count;
    each.numbers.time += (last_ - start_) * count;
  }
}

void recorder::answered_late(std::uint32_t place, clock::time_point began) {
  if (!sink_.latency) return;
  last_ = clock::now();
  sink_.latency(last_ - began, 1);
  if (rows_.empty()) return;
  row& to = row_of(place);
  ++to.numbers.timed;
  to.numbers.time += last_ - began;
  note(to);
}

void recorder::show_routes() {
  for (const std::uint32_t place : noted_) {
    rows_[place].noted = false;
    sink_.route(place, rows_[place].numbers);
  }
  noted_.clear();
}

void recorder::end_batch(const server_counters& counters) {
  in_batch_ = false;
  show_routes();
  if (!sink_.totals) return;
  // What ran behind the last answer of a batch is not worth another look at the clock.
  if (last_ == start_) last_ = clock::now();
  busy_ += last_ - start_;
  start_ = last_;
  sink_.totals({counters.open, counters.accepted, counters.requests, counters.server_errors,
                counters.bytes_received, counters.bytes_sent, busy_});
}

}  // namespace cluster::http
