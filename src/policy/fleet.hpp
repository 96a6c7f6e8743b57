// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "policy/kept_state.hpp"
#include "policy/records.hpp"
#include "policy/restart.hpp"
#include "policy/rollout.hpp"
#include "policy/shutdown.hpp"
#include "policy/time_point.hpp"

#include <cluster/event.hpp>
#include <cluster/options.hpp>
#include <cluster/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cluster::policy {

/// What the driver has to do, in the order given. The driver answers launch_worker with exactly one
/// of launched() or launch_failed(), and every launched worker with exactly one exited(). `finish`
/// comes once, last.
struct launch_worker {
  worker_id id;
  slot_id slot;
  generation_id generation;
  /// Not what the path leads to now: a newer generation was started from there, and this worker
  /// belongs to the one before it.
  bool last_good = false;
};
/// Send DRAIN over the channel; if the channel is gone, the machine has already asked for a signal.
struct drain_worker {
  worker_id id;
  exit_reason reason;
  time_point hard_deadline;
  /// Who takes its connections: the successor of its slot; without one, the ready workers that do
  /// not drain; nobody when the cluster stops.
  std::vector<worker_id> heirs = {};
  /// When it begins to announce the end to connections that are left.
  time_point soft_deadline = {};
};
/// A worker drains without an heir that is ready: here are new ones.
struct appoint_heirs {
  worker_id from;
  std::vector<worker_id> heirs;
};
struct terminate_worker {
  worker_id id;
};  ///< SIGTERM through the pidfd
struct abort_worker {
  worker_id id;
};  ///< SIGABRT through the pidfd, for the sake of its core
struct kill_worker {
  worker_id id;
};  ///< SIGKILL through the pidfd
/// The driver adds the pid and hands it to observers and log.
struct publish {
  event what;
};
/// Comes once for each reload that was accepted.
struct end_rollout {
  rollout_report report;
};
using action = std::variant<launch_worker, drain_worker, appoint_heirs, terminate_worker, abort_worker,
                            kill_worker, publish, end_rollout, finish>;
using actions = std::vector<action>;

/// Why a worker's channel ended: closed from the other side, or cut by us because of what came over
/// it.
enum class channel_end : std::uint8_t { closed, broken_protocol };

enum class reload_refusal : std::uint8_t { none, not_running, stopping, already_rolling };

struct fleet_settings {
  std::size_t workers = 1;
  std::chrono::milliseconds ready_timeout{30000};
  /// A worker that is online for this long is taken for ready; nothing: it has to say so.
  std::optional<std::chrono::milliseconds> ready_after;
  std::chrono::milliseconds drain_timeout{30000};
  std::chrono::milliseconds kill_timeout{2000};
  bool hang_core = false;  ///< a hung worker gets ABRT before KILL
  restart_policy restart;
  std::uint64_t seed = 0;  ///< of the jitter
};

/// A worker that another supervisor has left behind.
struct found_worker {
  worker_id id;
  slot_id slot;
  generation_id generation;
  worker_state state;
  time_point since;  ///< launched at
};

/// A worker as status reports show it.
struct worker_view {
  worker_id id;
  slot_id slot;
  generation_id generation;
  worker_state state;
  time_point since;            ///< launched at
  std::uint64_t restarts = 0;  ///< of its slot
  bool hung = false;
};

/// The fleet of slots: decides what is started, drained, ended and when; does nothing itself. Input
/// is an event and the time, output a list of actions. Calls with an id that is unknown or already
/// exited are ignored (late messages are normal). Time never goes back.
class fleet {
 public:
  explicit fleet(const fleet_settings&);

  actions start(time_point now);
  /// Instead of start(): begins with workers that are there already; slots without one are filled.
  actions adopt(const kept_state&, const std::vector<found_worker>&, time_point now);
  /// What an adoption needs to know; pids and what is not the fleet's are left empty.
  kept_state keep() const;
  /// Not all slots are of the newest generation.
  bool mixed() const;
  actions launched(worker_id, time_point now);
  actions launch_failed(worker_id, std::string why, time_point now);
  actions hello(worker_id, time_point now);
  actions ready(worker_id, time_point now);
  /// The worker said that it drains by itself (SIGTERM from outside, or its own wish).
  actions draining(worker_id, time_point now);
  /// The worker said that its drain is complete; its exit is awaited for kill_timeout.
  actions done(worker_id, time_point now);
  /// A worker that is not ready yet said what is wrong; it becomes part of the words about its end.
  void explain(worker_id, const std::string& why);
  actions channel_ended(worker_id, channel_end, time_point now);
  actions exited(worker_id, const exit_status&, time_point now);

  /// Graceful: drain all, then TERM at the drain deadline, KILL after kill_timeout. Fast: TERM now,
  /// KILL after kill_timeout. A second call of the harder kind shortens the deadlines, never
  /// restarts them.
  actions stop(stop_mode, time_point now);
  /// More slots start workers at once; fewer drain the highest slots (reason scaled_down). Resting
  /// and retired slots below the new count are woken. Ignored while stopping and while a roll-out
  /// runs: its floor of ready workers is meant for the number it began with.
  actions scale(std::size_t workers, time_point now);

  /// Starts a roll-out: slot by slot a worker of the next generation takes over. A second one while
  /// one runs is refused: the caller knows best whether its wish still stands after that.
  reload_refusal reload(const rollout_settings&, time_point now, actions& out);
  /// Goes back: successors that have no slot yet are ended, slots already replaced get workers of
  /// the old generation, whatever `rollback` says. Ignored without a roll-out and on the way back.
  actions abort_reload(time_point now);
  bool rolling() const noexcept;
  /// Restarts one worker, its successor first. Ignored if it is unknown, not ready, being replaced
  /// already, or a roll-out is busy with its slot.
  actions restart_worker(worker_id, time_point now);
  bool may_restart(worker_id) const;
  /// The same because it has served enough; `why` says of what.
  actions recycle(worker_id, const std::string& why, time_point now);
  /// It takes more than can be waited for: ended now, and its successor started beside that.
  actions overgrown(worker_id, const std::string& why, time_point now);
  /// A worker is on its way in to take over from another, or on its way out.
  bool replacing() const;
  /// Drains one worker; its slot gets another one once it is gone. Ignored as above, but it need not be
  /// ready.
  actions end_worker(worker_id, time_point now);
  bool may_end(worker_id) const;
  /// It is ready and does not hang.
  bool is_ready(worker_id) const;
  /// Launched, or about to be, and not yet exited.
  bool alive(worker_id) const;
  /// It leaves, or a successor for it is on its way.
  bool being_replaced(worker_id) const;
  /// The roll-out under way, if there is one.
  const rollout* current_rollout() const noexcept { return rollout_ ? &*rollout_ : nullptr; }

  // What the watchdog found out about a ready worker.
  /// Half of its time is over.
  actions silent(worker_id, std::chrono::milliseconds stood);
  /// It hangs: gets a successor, and is ended when that one is ready, or at once when that one fails.
  actions hung(worker_id, std::chrono::milliseconds stood, std::string_view where, time_point now);
  /// Somebody keeps it stopped: gets a successor like any worker that is restarted.
  actions stopped(worker_id, std::chrono::milliseconds stood, time_point now);
  /// It turns again: its successor, if it has one, takes over gently.
  actions recovered(worker_id);

  /// What has become due. Call at next_deadline() or later; earlier calls do nothing.
  actions tick(time_point now);
  std::optional<time_point> next_deadline() const;

  std::size_t target() const noexcept;       ///< wanted number of workers
  std::size_t ready_count() const noexcept;  ///< without those that hang
  std::size_t alive_count() const noexcept;  ///< launched and not yet exited
  bool stopping() const noexcept;
  std::vector<worker_view> view() const;  ///< alive workers by slot, then id
  generation_id generation() const noexcept;

 private:
  void let_due(time_point now, actions&);

  // One worker: fleet_workers.cpp
  worker_record* find(worker_id);
  void apply(worker_record&, worker_input, time_point now, actions&);
  std::string note_for(worker_input, worker_phase from) const;
  void enact(worker_record&, worker_effect, worker_phase from, time_point now, actions&);
  void ask(worker_record&, worker_input how, exit_reason why, time_point now, actions&);
  void announce_forked(worker_record&, time_point now, actions&);
  void announce_draining(worker_record&, const std::string& how, actions&);
  void announce_disconnected(worker_record&, actions&);
  void terminate(worker_record&, worker_phase from, time_point now, actions&);
  void kill(worker_record&, actions&);
  void bury_unborn(worker_record&, time_point now, actions&);
  void bury(worker_record&, time_point now, actions&);
  void remove(const worker_record&, const std::string& words, time_point now, actions&);

  // Slots and the end of all: fleet_slots.cpp
  worker_id create(std::size_t slot, generation_id, time_point now, actions&);
  void launch(std::size_t slot, time_point now, actions&);
  void relaunch(std::size_t slot, time_point now, actions&);
  void wake(std::size_t slot, time_point now, actions&);
  void vacate(const worker_record&, const std::string& words, time_point now, actions&);
  void refill(const worker_record&, const std::string& words, time_point now, actions&);
  void retire(const worker_record&, const std::string& words, actions&);
  void back_off(const worker_record&, const std::string& words, time_point now, actions&);
  void rest(std::size_t slot, const restart_verdict&, actions&);
  void rest_others(const restart_verdict&, actions&);
  void tell_verdict(slot_id, const restart_verdict&, actions&);
  void drop_vacant_slots();
  void begin_stop(std::string text, time_point now, actions&);
  void demand_stop(time_point now, actions&);
  void finish_if_empty(actions&);
  finish how_all_retired() const;

  // Successors and heirs: fleet_successors.cpp
  worker_id launch_successor(std::size_t slot, generation_id, time_point now, actions&);
  void hand_over(std::size_t slot, exit_reason, time_point now, actions&);
  void let_go(std::size_t slot, exit_reason, std::vector<worker_id> heirs, time_point now, actions&);
  void dismiss(const std::vector<std::size_t>& slots, exit_reason, const std::string& note, time_point now,
               actions&);
  void release(worker_record&, exit_reason, std::vector<worker_id> heirs, time_point now, actions&);
  std::vector<worker_id> survivors(const worker_record& without) const;
  void finish_restarts(time_point now, actions&);
  void take_in(const found_worker&, time_point now, actions&);
  void settle_adopted(std::size_t slot, time_point now, actions&);
  void settle_hung(time_point now, actions&);
  void end_hung(worker_record&, time_point now, actions&);
  void appoint_missing_heirs(actions&);

  // The roll-out: fleet_rollout.cpp
  void advance(time_point now, actions&);
  void drive_rollout(time_point now, actions&);
  void move_slot_on(std::size_t slot, time_point now, actions&);
  void begin_slots(time_point now, actions&);
  bool begin_slot(std::size_t slot, bool in_turn, time_point now, actions&);
  bool may_lose_a_ready_one() const;
  bool fail_rollout(const worker_record&, const std::string& words);
  void lose_successor(const worker_record&, const std::string& words);
  bool turn_round(time_point now, actions&);
  void conclude(const rollout_report&, actions&);
  void cut_rollout_short(const std::string& why, time_point now, actions&);
  std::vector<bool> replaced_slots() const;
  void tell_rollout(event_kind, generation_id, std::string text, actions&);

  fleet_settings settings_;
  restart_control restarts_;
  shutdown shutdown_;
  std::map<worker_id, worker_record> workers_;  ///< being launched or alive
  std::vector<slot_record> slots_;              ///< those from target_ on are only not empty yet
  std::size_t target_;
  std::uint64_t last_id_ = 0;
  generation_id generation_{1};
  generation_id newest_{1};  ///< the last one that a roll-out began with, whatever became of it
  std::optional<rollout> rollout_;
  bool started_ = false;
  bool ever_ready_ = false;
};

}  // namespace cluster::policy
