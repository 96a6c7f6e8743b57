// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/types.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace cluster {

/// Life-cycle events. For one worker they come in this order, each at most once (listening: once for each
/// listener): forked, online, listening, ready, draining, disconnected, exited; the last two come for every
/// process, the others if it got that far. The others concern a slot or the cluster.
enum class event_kind : std::uint8_t {
  forked,            ///< the process exists
  online,            ///< it speaks the protocol and has its listeners
  listening,         ///< it takes connections from the listener `endpoint`; comes right before `ready`, and
                     ///< for one that is added later when that has come to pass
  ready,             ///< the application said that it can serve
  draining,          ///< it was told to finish and leave
  disconnected,      ///< its channel is closed
  exited,            ///< its exit status was collected
  launch_failed,     ///< the process could not be started; text says at which stage and why
  restart_delayed,   ///< the slot backs off for `delay` before its next worker
  resting,           ///< the restart limit tripped: the slot rests for `delay` (zero: until told)
  retired,           ///< the exit code means "do not restart": the slot stays empty
  handler_failed,    ///< an exception came out of a handler in the worker; text is its what()
  adopted,           ///< the worker of a supervisor that died was taken over
  unresponsive,      ///< the worker's event loop stands still, or somebody keeps the worker stopped
  hung,              ///< the worker hangs: a successor is started, then it is ended
  recovered,         ///< a worker that was found to hang turns again
  recycling,         ///< the worker has served enough (see options::max_requests) and gets a successor
  rollout_started,   ///< a rolling replacement begins, towards `generation`
  slot_replaced,     ///< `worker` has taken over its slot and its predecessor is gone
  rollout_finished,  ///< all slots run `generation`: the new one or, after rollout_failed, the old one
  rollout_failed,    ///< text says at which stage, why, and what follows; also when it is aborted
  stopping,          ///< the cluster was asked to stop
  stopped            ///< the last worker is gone
};

CLUSTER_API std::string_view to_string(event_kind) noexcept;

/// One event, as observers see it. Fields that do not apply to its kind keep their defaults.
struct event {
  event_kind kind{};
  std::uint64_t sequence = 0;  ///< counts up by one from 1 for each event of this supervisor
  std::chrono::system_clock::time_point at{};
  worker_id worker{};
  slot_id slot{};
  generation_id generation{};
  int pid = 0;
  std::string endpoint;                ///< listening: as a URI
  exit_status status{};                ///< exited
  exit_reason reason{};                ///< exited
  std::chrono::milliseconds delay{0};  ///< restart_delayed, resting
  std::string text;                    ///< in words, for people
};

}  // namespace cluster
