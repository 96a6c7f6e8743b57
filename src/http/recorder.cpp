// SPDX-License-Identifier: BSL-1.0
#include "http/recorder.hpp"

namespace cluster::http {

void recorder::take_time() {
  const std::uint64_t requests = std::exchange(answered_, 0);
  if (!sink_.latency) return;
  last_ = clock::now();
  sink_.latency(last_ - start_, requests);
}

void recorder::answered_late(clock::time_point began) {
  if (!sink_.latency) return;
  last_ = clock::now();
  sink_.latency(last_ - began, 1);
}

void recorder::end_batch(const server_counters& counters) {
  if (!sink_.totals) return;
  // What ran behind the last answer of a batch is not worth another look at the clock.
  if (last_ == start_) last_ = clock::now();
  busy_ += last_ - start_;
  start_ = last_;
  sink_.totals({counters.open, counters.accepted, counters.requests, counters.server_errors,
                counters.bytes_received, counters.bytes_sent, busy_});
}

}  // namespace cluster::http
