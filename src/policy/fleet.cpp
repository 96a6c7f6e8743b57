// SPDX-License-Identifier: BSL-1.0
// What the fleet is told and asked; what it does about it is in fleet_workers.cpp, fleet_slots.cpp,
// fleet_successors.cpp and fleet_rollout.cpp.
#include "policy/fleet.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace cluster::policy {

fleet::fleet(const fleet_settings& settings)
    : settings_{settings}, restarts_{settings.restart, settings.seed}, target_{settings.workers} {}

actions fleet::start(time_point now) {
  actions out;
  if (started_ || stopping()) return out;
  started_ = true;
  slots_.resize(target_);
  for (std::size_t slot = 0; slot < target_; ++slot) launch(slot, now, out);
  return out;
}

actions fleet::launched(worker_id id, time_point now) {
  actions out;
  if (auto* worker = find(id)) apply(*worker, worker_input::launched, now, out);
  advance(now, out);
  return out;
}

actions fleet::launch_failed(worker_id id, std::string why, time_point now) {
  actions out;
  auto* worker = find(id);
  if (!worker || worker->alive()) return out;
  worker->note = std::move(why);
  apply(*worker, worker_input::launch_failed, now, out);
  advance(now, out);
  return out;
}

actions fleet::hello(worker_id id, time_point now) {
  actions out;
  if (auto* worker = find(id)) apply(*worker, worker_input::hello, now, out);
  advance(now, out);
  return out;
}

actions fleet::ready(worker_id id, time_point now) {
  actions out;
  if (auto* worker = find(id)) apply(*worker, worker_input::ready, now, out);
  advance(now, out);
  return out;
}

actions fleet::draining(worker_id id, time_point now) {
  actions out;
  if (auto* worker = find(id)) apply(*worker, worker_input::drain_reported, now, out);
  advance(now, out);
  return out;
}

actions fleet::done(worker_id id, time_point now) {
  actions out;
  if (auto* worker = find(id)) apply(*worker, worker_input::done, now, out);
  advance(now, out);
  return out;
}

actions fleet::channel_ended(worker_id id, channel_end how, time_point now) {
  actions out;
  auto* worker = find(id);
  if (!worker || worker->told_disconnected) return out;
  apply(*worker, how == channel_end::closed ? worker_input::channel_closed : worker_input::channel_broken,
        now, out);
  advance(now, out);
  return out;
}

actions fleet::exited(worker_id id, const exit_status& status, time_point now) {
  actions out;
  auto* worker = find(id);
  if (!worker || !worker->alive()) return out;
  worker->status = status;
  apply(*worker, worker_input::exited, now, out);
  advance(now, out);
  return out;
}

actions fleet::stop(stop_mode mode, time_point now) {
  actions out;
  const bool first = !shutdown_.begun();
  if (!shutdown_.request(mode)) return out;
  if (first)
    begin_stop(mode == stop_mode::fast ? "the cluster stops at once" : "the cluster stops, its workers drain",
               now, out);
  else demand_stop(now, out);
  return out;
}

actions fleet::scale(std::size_t workers, time_point now) {
  using condition = slot_record::condition;
  actions out;
  if (stopping() || rolling()) return out;
  const auto before = std::exchange(target_, workers);
  if (!started_) return out;

  restarts_.end_cluster_rest();
  slots_.resize(std::max(slots_.size(), target_));
  for (std::size_t slot = 0; slot < target_; ++slot) {
    auto& found = slots_[slot];
    if (found.now == condition::occupied) {
      // Taken away and given back before its worker left: the successor comes after that.
      if (slot >= before) found.failures = {};
    } else if (found.now != condition::waiting && !found.has_successor()) {
      wake(slot, now, out);
    }
  }
  for (auto slot = slots_.size(); slot-- > target_;) {
    auto& found = slots_[slot];
    if (found.has_successor()) dismiss({slot}, exit_reason::scaled_down, {}, now, out);
    if (found.now == condition::occupied) {
      auto& worker = *find(found.worker);
      release(worker, exit_reason::scaled_down, survivors(worker), now, out);
      found.generation = {};  // a roll-out may come before the slot is given back
    } else {
      found.clear();
    }
  }
  drop_vacant_slots();
  advance(now, out);
  return out;
}

actions fleet::tick(time_point now) {
  actions out;
  // What a roll-out orders may be due at once, such as a drain without any time.
  for (auto next = next_deadline(); next && *next <= now; next = next_deadline()) let_due(now, out);
  return out;
}

void fleet::let_due(time_point now, actions& out) {
  for (auto& [id, worker] : workers_)
    while (worker.deadline && *worker.deadline <= now) {
      const bool by_age = settings_.ready_after && worker.phase == worker_phase::online;
      apply(worker, by_age ? worker_input::ready : *deadline_input(worker.phase), now, out);
    }
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    const auto& found = slots_[slot];
    if (!found.due || *found.due > now || found.has_successor()) continue;
    if (found.now == slot_record::condition::resting) wake(slot, now, out);
    else launch(slot, now, out);
  }
  advance(now, out);
}

std::optional<time_point> fleet::next_deadline() const {
  std::optional<time_point> next;
  const auto consider = [&next](const std::optional<time_point>& one) {
    if (one && (!next || *one < *next)) next = one;
  };
  for (const auto& [id, worker] : workers_) consider(worker.deadline);
  for (const auto& slot : slots_)
    if (!slot.has_successor()) consider(slot.due);
  if (rollout_) consider(rollout_->next_deadline());
  return next;
}

std::size_t fleet::target() const noexcept { return target_; }

std::size_t fleet::ready_count() const noexcept {
  return static_cast<std::size_t>(std::count_if(workers_.begin(), workers_.end(), [](const auto& entry) {
    return entry.second.phase == worker_phase::ready && !entry.second.hung;
  }));
}

std::size_t fleet::alive_count() const noexcept {
  return static_cast<std::size_t>(std::count_if(workers_.begin(), workers_.end(),
                                                [](const auto& entry) { return entry.second.alive(); }));
}

bool fleet::stopping() const noexcept { return shutdown_.begun() || shutdown_.over(); }

std::vector<worker_view> fleet::view() const {
  std::vector<worker_view> all;
  for (const auto& [id, worker] : workers_) {
    if (!worker.alive()) continue;
    const auto launches = slots_[worker.slot.value].launches;
    all.push_back({id, worker.slot, worker.generation, public_state(worker.phase), worker.since,
                   launches == 0 ? 0 : launches - 1, worker.hung});
  }
  std::sort(all.begin(), all.end(), [](const worker_view& left, const worker_view& right) {
    return std::tie(left.slot, left.id) < std::tie(right.slot, right.id);
  });
  return all;
}

generation_id fleet::generation() const noexcept { return generation_; }

}  // namespace cluster::policy
