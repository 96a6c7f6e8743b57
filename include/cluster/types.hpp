// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace cluster {

/// A number that cannot be mistaken for a number of another kind.
template <class Tag>
struct strong_id {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(const strong_id&,
                                    const strong_id&) = default;  // NOLINT(modernize-use-nullptr)
};

/// Names one worker process; counts up from 1 and is never reused. Zero means "none".
using worker_id = strong_id<struct worker_id_tag>;
/// A place in the fleet, 0..N-1; survives the replacement of the worker in it.
using slot_id = strong_id<struct slot_id_tag>;
/// The roll-out that a worker belongs to; the first one is 1. Zero means "none".
using generation_id = strong_id<struct generation_id_tag>;

/// Where a worker is in its life. Never inferred from time: `ready` means that it said so.
enum class worker_state : std::uint8_t { starting, ready, draining, exited };

/// How the cluster is stopped.
enum class stop_mode : std::uint8_t {
  graceful,  ///< drain with the deadline of options::drain_timeout, then TERM, then KILL
  fast       ///< TERM now, KILL after options::kill_timeout
};

/// Who takes connections from the listeners.
enum class schedule : std::uint8_t {
  shared,       ///< all workers accept from the same sockets, each no more than its share
  round_robin,  ///< the supervisor accepts and hands each connection to the next worker in turn
  reuse_port    ///< a TCP socket for each slot, among which the kernel shares connections out
};

/// Bounds between which the number of workers follows the load; both zero: it does not.
struct scale_range {
  std::size_t min = 0;
  std::size_t max = 0;

  friend bool operator==(const scale_range&, const scale_range&) = default;
};

/// Why a worker ended.
enum class exit_reason : std::uint8_t {
  requested,        ///< the whole cluster, or this one worker, was asked to stop (TERM from outside, too)
  replaced,         ///< a rolling replacement put a successor in its slot
  scaled_down,      ///< its slot was taken away
  recycled,         ///< a limit on age, requests or memory was reached
  crashed,          ///< it left by itself, with any exit code, while nobody asked it to
  signalled,        ///< a signal ended it
  hung,             ///< its event loop stood still and the watchdog ended it
  failed_to_start,  ///< it never became ready
  orphaned          ///< its supervisor was gone and did not come back
};

/// What the kernel said of an ended process: an exit code is an exit code, a signal is a signal.
struct exit_status {
  enum class kind : std::uint8_t { unknown, exited, signalled };

  kind how = kind::unknown;
  int code = 0;       ///< exit code, meaningful if how == exited
  int signal = 0;     ///< signal number, meaningful if how == signalled
  bool core = false;  ///< a core was written, meaningful if how == signalled

  friend bool operator==(const exit_status&, const exit_status&) = default;
};

CLUSTER_API std::string_view to_string(worker_state) noexcept;
CLUSTER_API std::string_view to_string(exit_reason) noexcept;
/// As flags and status reports name it: "shared", "round-robin", "reuse-port".
CLUSTER_API std::string_view to_string(schedule) noexcept;
/// In words: "exit code 3", "signal 9 (SIGKILL)", "signal 11 (SIGSEGV), core dumped".
CLUSTER_API std::string to_string(const exit_status&);

}  // namespace cluster

template <class Tag>
struct std::hash<cluster::strong_id<Tag>> {
  std::size_t operator()(const cluster::strong_id<Tag>& id) const noexcept {
    return std::hash<std::uint64_t>{}(id.value);
  }
};
