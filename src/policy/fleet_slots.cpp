// SPDX-License-Identifier: BSL-1.0
// What the fleet does with its slots: fills, refills, rests and empties them, down to the end.
#include "policy/fleet.hpp"

#include <algorithm>
#include <utility>

namespace cluster::policy {

using condition = slot_record::condition;

worker_id fleet::create(std::size_t slot, generation_id generation, time_point now, actions& out) {
  const worker_id id{++last_id_};
  ++slots_[slot].launches;
  worker_record worker;
  worker.id = id;
  worker.slot = slot_id{slot};
  worker.generation = generation;
  worker.since = now;
  workers_.emplace(id, std::move(worker));
  out.emplace_back(launch_worker{id, slot_id{slot}, generation, generation < newest_});
  return id;
}

void fleet::launch(std::size_t slot, time_point now, actions& out) {
  auto& found = slots_[slot];
  if (found.generation == generation_id{}) found.generation = generation_;
  found.now = condition::occupied;
  found.due.reset();
  found.worker = create(slot, found.generation, now, out);
}

/// The slot needs a worker at once. If a successor is on its way there, that is the one; the slot
/// waits in case it fails.
void fleet::relaunch(std::size_t slot, time_point now, actions& out) {
  if (!slots_[slot].has_successor()) return launch(slot, now, out);
  slots_[slot].now = condition::waiting;
  slots_[slot].due = now;
}

/// Starts a slot that rested, retired or is new, with a clean record.
void fleet::wake(std::size_t slot, time_point now, actions& out) {
  slots_[slot].failures = {};
  launch(slot, now, out);
}

/// A worker is gone. `words` say how it ended.
void fleet::vacate(const worker_record& worker, const std::string& words, time_point now, actions& out) {
  auto& slot = slots_[worker.slot.value];
  if (slot.successor == worker.id) {
    lose_successor(worker, words);
  } else if (slot.worker != worker.id) {
    --slot.departing;
  } else {
    slot.worker = {};
    if (!stopping() && worker.slot.value < target_) refill(worker, words, now, out);
    else slot.clear();
  }
  drop_vacant_slots();
  finish_if_empty(out);
}

void fleet::refill(const worker_record& worker, const std::string& words, time_point now, actions& out) {
  const auto slot = worker.slot.value;
  // Asked to leave and wanted all the same: scaled down and up again meanwhile.
  if (worker.asked) return relaunch(slot, now, out);
  if (restarts_.retires(worker.status)) return retire(worker, words, out);
  if (restarts_.healthy(worker.ready_for)) {
    slots_[slot].failures.in_a_row = 0;
    return relaunch(slot, now, out);
  }
  // The old generation is not to blame: its worker comes at once.
  if (fail_rollout(worker, words)) return relaunch(slot, now, out);
  back_off(worker, words, now, out);
}

void fleet::retire(const worker_record& worker, const std::string& words, actions& out) {
  auto& slot = slots_[worker.slot.value];
  slot.now = condition::retired;
  slot.retired_why = worker.status.code == 0 ? std::string{} : words;
  event what;
  what.kind = event_kind::retired;
  what.slot = worker.slot;
  what.text = "slot " + std::to_string(worker.slot.value) + " stays empty: " + to_string(worker.status) +
              " of worker " + std::to_string(worker.id.value) + " means that it is not to be started again";
  out.emplace_back(publish{std::move(what)});
}

void fleet::back_off(const worker_record& worker, const std::string& words, time_point now, actions& out) {
  auto& slot = slots_[worker.slot.value];
  const auto verdict = restarts_.failed(slot.failures, target_, now);
  if (verdict.what == restart_verdict::kind::wait) {
    slot.now = condition::waiting;
    slot.due = verdict.due;
    // Without a delay the next tick starts it: a launch that fails at once must not become a loop
    // inside the driver.
    if (verdict.delay.count() != 0 && !slot.has_successor()) tell_verdict(worker.slot, verdict, out);
    return;
  }
  if (!ever_ready_) {
    shutdown_.give_up(words);
    return begin_stop("no worker ever became ready, the cluster gives up (" + words + ")", now, out);
  }
  rest(worker.slot.value, verdict, out);
  if (verdict.what == restart_verdict::kind::rest_cluster) rest_others(verdict, out);
}

void fleet::rest(std::size_t slot, const restart_verdict& verdict, actions& out) {
  slots_[slot].now = condition::resting;
  slots_[slot].due = verdict.due;
  tell_verdict(slot_id{slot}, verdict, out);
}

/// The whole cluster rests: nobody starts before the end of it.
void fleet::rest_others(const restart_verdict& verdict, actions& out) {
  for (std::size_t slot = 0; slot < target_; ++slot) {
    const auto& found = slots_[slot];
    const bool sooner = found.due && (!verdict.due || *found.due < *verdict.due);
    if (found.now == condition::waiting || (found.now == condition::resting && sooner))
      rest(slot, verdict, out);
  }
}

void fleet::tell_verdict(slot_id slot, const restart_verdict& verdict, actions& out) {
  event what;
  what.kind = verdict.what == restart_verdict::kind::wait ? event_kind::restart_delayed : event_kind::resting;
  what.slot = slot;
  what.delay = verdict.delay;
  what.text = verdict_in_words(slot, verdict, settings_.restart.window);
  out.emplace_back(publish{std::move(what)});
}

void fleet::drop_vacant_slots() {
  while (slots_.size() > target_ && slots_.back().deserted()) slots_.pop_back();
}

void fleet::begin_stop(std::string text, time_point now, actions& out) {
  cut_rollout_short(text, now, out);
  event what;
  what.kind = event_kind::stopping;
  what.text = std::move(text);
  out.emplace_back(publish{std::move(what)});
  for (auto& slot : slots_) {
    slot.due.reset();
    if (slot.now != condition::occupied) slot.now = condition::vacant;
  }
  demand_stop(now, out);
  finish_if_empty(out);
}

void fleet::demand_stop(time_point now, actions& out) {
  for (auto& [id, worker] : workers_) {
    worker.heirs.clear();
    // One that hangs can do nothing with the time of a drain.
    const auto how = worker.hung && worker.phase == worker_phase::ready ? worker_input::kill_requested
                                                                        : shutdown_.demand();
    ask(worker, how, exit_reason::requested, now, out);
  }
}

void fleet::finish_if_empty(actions& out) {
  if (shutdown_.over() || !workers_.empty() || rolling()) return;
  const bool all_retired =
      !slots_.empty() && std::all_of(slots_.begin(), slots_.end(),
                                     [](const slot_record& slot) { return slot.now == condition::retired; });
  if (!shutdown_.begun() && !all_retired) return;

  event what;
  what.kind = event_kind::stopped;
  what.text = "the last worker is gone";
  out.emplace_back(publish{std::move(what)});
  if (shutdown_.begun()) out.emplace_back(shutdown_.complete());
  else out.emplace_back(shutdown_.complete(how_all_retired()));
}

finish fleet::how_all_retired() const {
  for (const auto& slot : slots_)
    if (!slot.retired_why.empty()) return {finish::outcome::failed, slot.retired_why};
  return {finish::outcome::clean, {}};
}

}  // namespace cluster::policy
