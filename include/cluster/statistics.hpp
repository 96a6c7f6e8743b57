// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace cluster {

/// What a worker has done since it started. Every number but `connections` only grows.
struct traffic {
  std::uint64_t connections = 0;  ///< open now
  std::uint64_t accepted = 0;     ///< connections taken, those that moved in included
  std::uint64_t requests = 0;     ///< requests begun
  std::uint64_t errors = 0;       ///< answers that say that the server is at fault (5xx)
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::chrono::nanoseconds busy{0};  ///< spent on all of that by the event loop

  /// Adds the growing numbers of a worker that is gone.
  CLUSTER_API traffic& operator+=(const traffic& other) noexcept;
};

/// How long requests took, counted in buckets whose bounds grow by a quarter of a power of two; so a
/// quantile is exact to 25 %. From 1 microsecond to four minutes; longer ones are in the last bucket.
struct latency_histogram {
  static constexpr std::size_t size = 108;

  std::array<std::uint64_t, size> counts{};
  std::chrono::nanoseconds sum{0};

  /// The bucket that a time belongs to.
  static constexpr std::size_t bucket_of(std::chrono::nanoseconds time) noexcept;
  /// Times of a bucket are below this.
  static constexpr std::chrono::microseconds upper_bound(std::size_t bucket) noexcept;

  CLUSTER_API std::uint64_t count() const noexcept;
  /// The upper bound of the bucket in which the share `q` (0..1) of all times is reached; zero if there
  /// are none.
  CLUSTER_API std::chrono::microseconds quantile(double q) const noexcept;
  CLUSTER_API latency_histogram& operator+=(const latency_histogram& other) noexcept;
};

/// Answers of one route, or of what has none. Every number only grows.
struct route_numbers {
  std::array<std::uint64_t, 5> answers{};  ///< by the first digit of their status, 1xx to 5xx
  std::uint64_t timed = 0;                 ///< answers whose time was taken; that of streams is not
  std::chrono::nanoseconds time{0};        ///< of these together

  CLUSTER_API route_numbers& operator+=(const route_numbers& other) noexcept;
  friend bool operator==(const route_numbers&, const route_numbers&) = default;
};

/// The same with what it is called: "GET /todos/{id}", "fallback /", "none" for what no route fits and
/// "other" for routes beyond those that are counted one by one.
struct route_traffic : route_numbers {
  std::string route;
};

/// A worker's numbers as its supervisor reads them: at any moment, without asking the worker.
struct worker_statistics : traffic {
  latency_histogram latency;
  /// Since the event loop last showed that it turns; -1 ms: it has not yet.
  std::chrono::milliseconds heartbeat_age{-1};
};

constexpr std::size_t latency_histogram::bucket_of(std::chrono::nanoseconds time) noexcept {
  const auto us = static_cast<std::uint64_t>(time.count() > 0 ? time.count() / 1000 : 0);
  if (us < 4) return static_cast<std::size_t>(us);
  std::size_t top = 2;  // the position of the highest bit
  while (us >> (top + 1) != 0) ++top;
  const std::size_t bucket = (top - 1) * 4 + static_cast<std::size_t>((us >> (top - 2)) & 3);
  return bucket < size ? bucket : size - 1;
}

constexpr std::chrono::microseconds latency_histogram::upper_bound(std::size_t bucket) noexcept {
  const std::size_t next = bucket + 1;
  if (next <= 4) return std::chrono::microseconds(next);
  const std::size_t top = next / 4 + 1;
  return std::chrono::microseconds((std::int64_t{4} + static_cast<std::int64_t>(next % 4)) << (top - 2));
}

}  // namespace cluster
