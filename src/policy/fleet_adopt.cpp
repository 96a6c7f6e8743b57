// SPDX-License-Identifier: BSL-1.0
// How a fleet begins with workers that another supervisor has left behind.
#include "policy/fleet.hpp"

#include <algorithm>

namespace cluster::policy {

using condition = slot_record::condition;

actions fleet::adopt(const kept_state& kept, const std::vector<found_worker>& found, time_point now) {
  actions out;
  if (started_ || stopping()) return out;
  started_ = true;
  ever_ready_ = true;  // it served before, so it is not given up for a bad start now
  last_id_ = kept.last_worker.value;
  generation_ = kept.generation;
  newest_ = kept.newest;
  // Of a generation whose last worker is gone the program is not known any more; slots that come do not begin
  // with it.
  if (std::ranges::none_of(found, [&](const found_worker& each) { return each.generation == generation_; }))
    generation_ = newest_;
  slots_.resize(std::max(target_, kept.slots.size()));
  for (std::size_t slot = 0; slot < kept.slots.size(); ++slot) {
    slots_[slot].launches = kept.slots[slot].launches;
    slots_[slot].failures.in_a_row = static_cast<std::size_t>(kept.slots[slot].failures_in_a_row);
  }
  for (const found_worker& each : found) take_in(each, now, out);
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) settle_adopted(slot, now, out);
  drop_vacant_slots();
  advance(now, out);
  return out;
}

/// Its record as if it had come all the way here.
void fleet::take_in(const found_worker& found, time_point now, actions& out) {
  if (found.slot.value >= slots_.size() || workers_.contains(found.id)) return;
  worker_record worker;
  worker.id = found.id;
  worker.slot = found.slot;
  worker.generation = found.generation;
  worker.since = found.since;
  worker.forked = true;
  slot_record& slot = slots_[found.slot.value];
  switch (found.state) {
    case worker_state::starting:
      worker.phase = worker_phase::online;
      worker.deadline = after(now, settings_.ready_timeout);
      break;
    case worker_state::ready:
      worker.phase = worker_phase::ready;
      worker.ready_at = found.since;
      break;
    case worker_state::draining:
    case worker_state::exited:
      worker.phase = worker_phase::draining;
      worker.ready_at = found.since;
      worker.told_draining = true;
      worker.deadline = after(now, settings_.drain_timeout);
      worker.reason = exit_reason::replaced;
      worker.asked = true;
      ++slot.departing;
      break;
  }
  out.emplace_back(publish{about(event_kind::adopted, worker, name_of(worker) + " was taken over")});
  const bool stays = worker.phase != worker_phase::draining;
  workers_.emplace(worker.id, std::move(worker));
  if (!stays) return;
  // Of two in a slot the younger one was on its way to take it over. More than two there never are; who
  // is one too many leaves.
  if (slot.now != condition::occupied) {
    slot.now = condition::occupied;
    slot.worker = found.id;
    slot.generation = found.generation;
  } else if (!slot.has_successor()) {
    slot.successor = std::max(slot.worker, found.id);
    slot.worker = std::min(slot.worker, found.id);
    slot.generation = find(slot.worker)->generation;
  } else {
    ++slot.departing;
    release(*find(found.id), exit_reason::replaced, {}, now, out);
  }
}

/// Fills what is missing and empties what is not wanted any more.
void fleet::settle_adopted(std::size_t slot, time_point now, actions& out) {
  slot_record& found = slots_[slot];
  if (slot < target_) {
    if (found.now == condition::vacant && !found.has_successor()) {
      found.generation = newest_;
      launch(slot, now, out);
    }
    return;
  }
  if (found.has_successor()) dismiss({slot}, exit_reason::scaled_down, {}, now, out);
  if (found.now == condition::occupied) {
    worker_record& worker = *find(found.worker);
    release(worker, exit_reason::scaled_down, survivors(worker), now, out);
  }
}

bool fleet::mixed() const {
  return std::any_of(slots_.begin(), slots_.end(), [this](const slot_record& slot) {
    return slot.now == condition::occupied && slot.generation != newest_;
  });
}

kept_state fleet::keep() const {
  kept_state kept;
  kept.last_worker = {last_id_};
  kept.generation = generation_;
  kept.newest = newest_;
  kept.target = target_;
  kept.rolling = rolling();
  for (const slot_record& slot : slots_) kept.slots.push_back({slot.launches, slot.failures.in_a_row});
  for (const auto& [id, worker] : workers_)
    if (worker.alive()) kept.workers.push_back({id, worker.slot, worker.generation, 0, 0});
  return kept;
}

}  // namespace cluster::policy
