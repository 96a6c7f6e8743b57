// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/types.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace cluster::policy {

/// Where a worker is, finer than worker_state.
enum class worker_phase : std::uint8_t {
  launching,    ///< its launch was ordered and is not answered yet
  abandoned,    ///< as launching, but nobody wants it any more
  starting,     ///< the process exists and has not said hello
  online,       ///< it said hello and is not ready
  ready,        ///< it said that it can serve
  draining,     ///< it finishes what it has, told to or by itself
  leaving,      ///< it said that its drain is done; its exit is awaited
  lost,         ///< its channel closed while nobody asked it to leave; its exit is awaited
  terminating,  ///< it got TERM
  killing,      ///< it got KILL
  gone          ///< it exited or never came to be
};
inline constexpr std::size_t worker_phase_count = 11;

/// What can happen to a worker.
enum class worker_input : std::uint8_t {
  launched,
  launch_failed,
  hello,
  ready,
  drain_requested,  ///< by us
  drain_reported,   ///< by the worker
  done,
  channel_closed,
  channel_broken,
  ready_deadline,
  drain_deadline,
  exit_deadline,  ///< of leaving and lost
  kill_deadline,
  terminate_requested,
  kill_requested,
  exited
};
inline constexpr std::size_t worker_input_count = 16;

/// What has to be done about it.
enum class worker_effect : std::uint8_t {
  none,
  announce_forked,        ///< the time to become ready starts
  end_newborn,            ///< announce it and send TERM
  report_launch_failure,  ///< it leaves its slot without ever having been
  announce_online,
  announce_ready,
  send_drain,             ///< DRAIN with its deadline
  note_drain,             ///< it drains already: the deadline alone
  await_exit,             ///< drained: the time to exit starts
  announce_disconnected,  ///< the channel closed, as expected at this point
  await_lost,             ///< the channel closed unexpectedly: the time to exit starts
  cut_and_kill,           ///< the channel was cut for a broken protocol: KILL
  terminate,              ///< TERM; the time until KILL starts
  kill,                   ///< KILL
  bury                    ///< its exit status is known
};

struct worker_step {
  worker_phase next;
  worker_effect effect;

  friend constexpr bool operator==(const worker_step&, const worker_step&) = default;
};

/// Every pair is decided; what cannot or must not matter keeps the phase and has no effect.
worker_step step(worker_phase, worker_input) noexcept;

/// The state that the world sees. `draining` covers every way out.
worker_state public_state(worker_phase) noexcept;

/// What it means that the deadline of a worker in this phase passes; nothing if it has none.
std::optional<worker_input> deadline_input(worker_phase) noexcept;

}  // namespace cluster::policy
