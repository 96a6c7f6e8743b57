// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/statistics.hpp>
#include <cluster/types.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cluster::policy {

/// A worker as the next supervisor may find it.
struct kept_worker {
  worker_id id;
  slot_id slot;
  generation_id generation;
  std::uint64_t pid = 0;  ///< the driver's to fill in; with `start` it names a process for good
  std::uint64_t start = 0;
  /// It was sent away and calls nobody any more: until when it may take, in milliseconds of the monotonic
  /// clock. Zero: it is one of the fleet.
  std::uint64_t leaves_by = 0;
};

struct kept_slot {
  std::uint64_t launches = 0;
  std::uint64_t failures_in_a_row = 0;
};

/// A listener as the supervisor has it, beside its socket.
struct kept_listener {
  std::string name;
  std::string uri;  ///< where it really listens
  bool tls = false;
  bool proxy = false;
  bool inherited = false;
  std::uint64_t number = 0;

  friend bool operator==(const kept_listener&, const kept_listener&) = default;
};

/// What the next supervisor has to know if this one dies, beyond what workers can tell.
struct kept_state {
  std::string name;                 ///< of the cluster
  std::vector<std::string> listen;  ///< as configured
  std::vector<kept_listener> listeners;
  worker_id last_worker;  ///< the last number given
  generation_id generation;
  generation_id newest;
  std::size_t target = 0;
  std::uint64_t configured = 0;       ///< number of workers as configured; target was that once
  std::uint64_t configured_most = 0;  ///< the same of options::max_workers
  scale_range scaling;                ///< bounds that were in force
  bool rolling = false;
  std::uint64_t sequence = 0;  ///< of the last event
  cluster::schedule schedule = cluster::schedule::shared;
  std::uint64_t last_listener = 0;     ///< the last number given
  std::vector<std::uint64_t> leaving;  ///< listeners that were being taken away
  traffic past;                        ///< of workers that are gone
  std::vector<route_traffic> routes;   ///< likewise
  std::uint64_t supervisor = 0;        ///< process that wrote this; the driver's to fill in
  std::uint64_t supervisor_start = 0;  ///< zero: not known
  std::vector<kept_slot> slots;
  std::vector<kept_worker> workers;
};

/// A line a thing, with the version first and a mark of completeness last.
std::string to_text(const kept_state&);

/// Nothing if it is not whole, of another version, or says what cannot be.
std::optional<kept_state> parse_kept_state(std::string_view text);

}  // namespace cluster::policy
