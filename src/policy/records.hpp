// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "policy/restart.hpp"
#include "policy/time_point.hpp"
#include "policy/worker_machine.hpp"

#include <cluster/event.hpp>
#include <cluster/types.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cluster::policy {

/// What the fleet knows of one worker, from the order to launch it until its exit.
struct worker_record {
  worker_id id;
  slot_id slot;
  generation_id generation;
  worker_phase phase = worker_phase::launching;
  time_point since;                    ///< launched at
  std::optional<time_point> deadline;  ///< of its phase, see deadline_input()
  std::optional<time_point> ready_at;
  std::optional<time_point::duration> ready_for;  ///< how long it stayed ready
  std::optional<exit_reason> reason;              ///< as soon as it is settled why it ends
  bool asked = false;                             ///< to leave, for that reason, by us
  bool forked = false;                            ///< there is or was a process
  std::vector<worker_id> heirs;                   ///< of its connections, while it drains
  bool told_draining = false;                     ///< `draining` was published
  bool told_disconnected = false;                 ///< `disconnected` was published
  bool hung = false;                              ///< its event loop stands still
  bool successor_tried = false;                   ///< one was started for it because it hangs
  bool got_term = false;
  bool got_kill = false;
  exit_status status;
  std::string note;  ///< why we ended it, in words

  /// It exists as far as the driver said: status reports show it.
  bool alive() const noexcept;
  void add_note(const std::string& why);
  void shorten_deadline(time_point until);
  /// Why it ended, its exit status being known.
  exit_reason end_reason() const noexcept;
};

/// A place in the fleet.
struct slot_record {
  enum class condition : std::uint8_t {
    vacant,    ///< not in use (any more)
    occupied,  ///< has a worker, or one on its way in, or out and to be followed by another
    waiting,   ///< backs off
    resting,   ///< failed too often
    retired    ///< its worker said "do not start me again"
  };

  condition now = condition::vacant;
  worker_id worker;     ///< if occupied
  worker_id successor;  ///< on its way to take over the slot; nothing else starts there
  exit_reason restarts_for = exit_reason::recycled;  ///< why a successor without a roll-out is there
  std::size_t departing = 0;      ///< workers that had the slot, or were to have it, and leave
  generation_id generation;       ///< of the next worker; none means that of the fleet
  std::optional<time_point> due;  ///< of waiting and resting: when the next worker starts
  slot_failures failures;
  std::uint64_t launches = 0;
  std::string retired_why;  ///< the end that retired it, if the exit code was not 0

  bool has_successor() const noexcept { return successor != worker_id{}; }
  /// No worker of it is left, in any role.
  bool deserted() const noexcept { return now == condition::vacant && !has_successor() && departing == 0; }
  /// Gives the slot up; workers that still leave are remembered.
  void clear();
};

/// "worker 3 in slot 0".
std::string name_of(const worker_record&);
/// The end of a worker in words: "worker 3 in slot 0: exit code 7".
std::string end_in_words(const worker_record&);
/// "slot 2 waits 400 ms before its next worker (3 failures in 60 s, the limit is 8)".
std::string verdict_in_words(slot_id, const restart_verdict&, std::chrono::milliseconds window);
/// An event about a worker.
event about(event_kind, const worker_record&, std::string text);

}  // namespace cluster::policy
