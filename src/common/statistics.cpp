// SPDX-License-Identifier: BSL-1.0
#include <cluster/statistics.hpp>

#include <algorithm>

namespace cluster {

traffic& traffic::operator+=(const traffic& other) noexcept {
  accepted += other.accepted;
  requests += other.requests;
  errors += other.errors;
  bytes_received += other.bytes_received;
  bytes_sent += other.bytes_sent;
  busy += other.busy;
  return *this;
}

route_numbers& route_numbers::operator+=(const route_numbers& other) noexcept {
  for (std::size_t i = 0; i < answers.size(); ++i) answers[i] += other.answers[i];
  timed += other.timed;
  time += other.time;
  return *this;
}

std::uint64_t latency_histogram::count() const noexcept {
  std::uint64_t all = 0;
  for (const std::uint64_t each : counts) all += each;
  return all;
}

std::chrono::microseconds latency_histogram::quantile(double q) const noexcept {
  const std::uint64_t all = count();
  if (all == 0) return std::chrono::microseconds(0);
  const double wanted = std::clamp(q, 0.0, 1.0) * static_cast<double>(all);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < size; ++bucket) {
    seen += counts[bucket];
    if (seen != 0 && static_cast<double>(seen) >= wanted) return upper_bound(bucket);
  }
  return upper_bound(size - 1);
}

latency_histogram& latency_histogram::operator+=(const latency_histogram& other) noexcept {
  for (std::size_t bucket = 0; bucket < size; ++bucket) counts[bucket] += other.counts[bucket];
  sum += other.sum;
  return *this;
}

}  // namespace cluster
