// SPDX-License-Identifier: BSL-1.0
// How one worker follows another in a slot, and who takes the connections of those that leave.
#include "policy/fleet.hpp"

#include <algorithm>
#include <utility>

namespace cluster::policy {

using condition = slot_record::condition;

worker_id fleet::launch_successor(std::size_t slot, generation_id generation, time_point now, actions& out) {
  return slots_[slot].successor = create(slot, generation, now, out);
}

/// The successor is good: the slot is its own, and the predecessor, if there still is one, leaves.
void fleet::hand_over(std::size_t slot, exit_reason why, time_point now, actions& out) {
  auto& found = slots_[slot];
  const auto successor = std::exchange(found.successor, {});
  if (found.now == condition::occupied) let_go(slot, why, {successor}, now, out);
  found.now = condition::occupied;
  found.worker = successor;
  found.generation = find(successor)->generation;
  found.due.reset();
  found.retired_why.clear();
  if (why == exit_reason::replaced) found.failures = {};
}

/// The worker that has the slot leaves, without another one being started for it.
void fleet::let_go(std::size_t slot, exit_reason why, std::vector<worker_id> heirs, time_point now,
                   actions& out) {
  auto& found = slots_[slot];
  auto& worker = *find(std::exchange(found.worker, {}));
  ++found.departing;
  found.now = condition::waiting;
  found.due = now;
  switch (worker.phase) {
    case worker_phase::launching:
    case worker_phase::starting:
    case worker_phase::online:
    case worker_phase::ready: return release(worker, why, std::move(heirs), now, out);
    // These leave for a reason of their own, which stays theirs.
    case worker_phase::abandoned:
    case worker_phase::draining:
    case worker_phase::leaving:
    case worker_phase::lost:
    case worker_phase::terminating:
    case worker_phase::killing:
    case worker_phase::gone: return;
  }
}

/// The successors of these slots are not wanted after all. Their predecessors go on.
void fleet::dismiss(const std::vector<std::size_t>& slots, exit_reason why, const std::string& note,
                    time_point now, actions& out) {
  std::vector<worker_record*> leaving;
  for (const auto slot : slots) {
    auto& found = slots_[slot];
    auto& worker = *find(std::exchange(found.successor, {}));
    ++found.departing;
    if (!worker.reason) {
      worker.reason = why;
      worker.asked = true;
      if (!note.empty()) worker.add_note(note);
    }
    leaving.push_back(&worker);
  }
  // All are marked by now, so none becomes the heir of another.
  for (auto* worker : leaving) {
    const auto& slot = slots_[worker->slot.value];
    const bool predecessor_serves =
        slot.now == condition::occupied && is_ready(slot.worker) && worker->slot.value < target_;
    release(*worker, why, predecessor_serves ? std::vector{slot.worker} : survivors(*worker), now, out);
  }
}

void fleet::release(worker_record& worker, exit_reason why, std::vector<worker_id> heirs, time_point now,
                    actions& out) {
  if (worker.hung && worker.phase == worker_phase::ready) return end_hung(worker, now, out);
  // A drain under way has its heirs already.
  if (worker.phase != worker_phase::draining) worker.heirs = std::move(heirs);
  ask(worker, worker_input::drain_requested, why, now, out);
}

bool fleet::is_ready(worker_id id) const {
  const auto found = workers_.find(id);
  return found != workers_.end() && found->second.phase == worker_phase::ready && !found->second.hung;
}

/// Who can take the connections of a worker that leaves. Successors that have no slot yet only if
/// there is nobody else: they may have to leave again.
std::vector<worker_id> fleet::survivors(const worker_record& without) const {
  std::vector<worker_id> settled;
  std::vector<worker_id> others;
  for (const auto& [id, worker] : workers_) {
    if (worker.phase != worker_phase::ready || worker.hung || worker.asked || id == without.id ||
        worker.slot.value >= target_)
      continue;
    (slots_[worker.slot.value].worker == id ? settled : others).push_back(id);
  }
  return settled.empty() ? others : settled;
}

actions fleet::restart_worker(worker_id id, time_point now) {
  actions out;
  if (!may_restart(id)) return out;
  const auto slot = find(id)->slot.value;
  slots_[slot].restarts_for = exit_reason::recycled;
  launch_successor(slot, slots_[slot].generation, now, out);
  return out;
}

actions fleet::recycle(worker_id id, const std::string& why, time_point now) {
  actions out;
  if (!may_restart(id)) return out;
  auto& worker = *find(id);
  worker.add_note("it had served enough: " + why);
  out.emplace_back(
      publish{about(event_kind::recycling, worker, name_of(worker) + " has served enough: " + why)});
  for (action& each : restart_worker(id, now)) out.push_back(std::move(each));
  return out;
}

actions fleet::overgrown(worker_id id, const std::string& why, time_point now) {
  actions out;
  auto* worker = find(id);
  if (worker == nullptr || worker->phase != worker_phase::ready) return out;
  worker->add_note("it took too much memory: " + why);
  out.emplace_back(
      publish{about(event_kind::recycling, *worker, name_of(*worker) + " takes too much memory: " + why)});
  for (action& each : restart_worker(id, now)) out.push_back(std::move(each));
  if (!worker->reason) worker->reason = exit_reason::recycled;
  apply(*worker, worker_input::kill_requested, now, out);
  advance(now, out);
  return out;
}

bool fleet::replacing() const {
  return rolling() || std::any_of(slots_.begin(), slots_.end(), [](const slot_record& slot) {
           return slot.has_successor() || slot.departing != 0;
         });
}

bool fleet::may_restart(worker_id id) const { return is_ready(id) && may_end(id); }

actions fleet::end_worker(worker_id id, time_point now) {
  actions out;
  if (!may_end(id)) return out;
  auto& worker = *find(id);
  release(worker, exit_reason::requested, survivors(worker), now, out);
  advance(now, out);
  return out;
}

bool fleet::may_end(worker_id id) const {
  const auto worker = workers_.find(id);
  if (stopping() || worker == workers_.end() || worker->second.reason) return false;
  const auto slot = worker->second.slot.value;
  const auto& found = slots_[slot];
  if (found.worker != id || found.has_successor() || slot >= target_) return false;
  if (rollout_ && rollout_->busy(slot)) return false;
  switch (worker->second.phase) {
    case worker_phase::launching:
    case worker_phase::starting:
    case worker_phase::online:
    case worker_phase::ready: return true;
    case worker_phase::abandoned:
    case worker_phase::draining:
    case worker_phase::leaving:
    case worker_phase::lost:
    case worker_phase::terminating:
    case worker_phase::killing:
    case worker_phase::gone: return false;
  }
  return false;
}

bool fleet::alive(worker_id id) const { return workers_.contains(id); }

bool fleet::being_replaced(worker_id id) const {
  const auto found = workers_.find(id);
  if (found == workers_.end()) return false;
  const auto& slot = slots_[found->second.slot.value];
  return found->second.asked || slot.worker != id || slot.has_successor();
}

/// Successors of single restarts take over as soon as they are ready.
void fleet::finish_restarts(time_point now, actions& out) {
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (!slots_[slot].has_successor()) continue;
    const auto id = slots_[slot].successor;
    if (rollout_ && slot < rollout_->size() && rollout_->successor(slot) == id) continue;
    if (!is_ready(id)) continue;
    auto why = slots_[slot].restarts_for;
    // It may have recovered meanwhile; then it is not a hung one that ends.
    const auto* predecessor = find(slots_[slot].worker);
    if (why == exit_reason::hung && predecessor != nullptr && !predecessor->hung) why = exit_reason::recycled;
    hand_over(slot, why, now, out);
  }
}

/// Every drain has somebody to hand its connections to, as soon as there is somebody.
void fleet::appoint_missing_heirs(actions& out) {
  for (auto& [id, worker] : workers_) {
    if (worker.phase != worker_phase::draining || worker.told_disconnected) continue;
    const auto& heirs = worker.heirs;
    if (std::any_of(heirs.begin(), heirs.end(), [this](worker_id heir) { return is_ready(heir); })) continue;
    auto fresh = survivors(worker);
    if (fresh.empty()) continue;
    worker.heirs = fresh;
    out.emplace_back(appoint_heirs{id, std::move(fresh)});
  }
}

}  // namespace cluster::policy
