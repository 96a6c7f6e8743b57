// SPDX-License-Identifier: BSL-1.0
// What the fleet does with workers whose event loop stands still: first the successor, then the end.
#include "policy/fleet.hpp"

#include "common/text.hpp"

#include <utility>

namespace cluster::policy {

actions fleet::silent(worker_id id, std::chrono::milliseconds stood) {
  actions out;
  const auto* worker = find(id);
  if (worker == nullptr || worker->phase != worker_phase::ready) return out;
  const auto text = name_of(*worker) + " does not turn its event loop, for " + describe(stood) + " now";
  out.emplace_back(publish{about(event_kind::unresponsive, *worker, text)});
  return out;
}

actions fleet::hung(worker_id id, std::chrono::milliseconds stood, std::string_view where, time_point now) {
  actions out;
  auto* worker = find(id);
  if (worker == nullptr || worker->phase != worker_phase::ready || worker->hung) return out;
  worker->hung = true;
  worker->add_note("its event loop stood still for " + describe(stood) +
                   (where.empty() ? "" : " in " + std::string(where)));
  out.emplace_back(publish{about(event_kind::hung, *worker, name_of(*worker) + " hangs: " + worker->note)});
  advance(now, out);
  return out;
}

actions fleet::stopped(worker_id id, std::chrono::milliseconds stood, time_point now) {
  actions out;
  auto* worker = find(id);
  if (worker == nullptr || worker->phase != worker_phase::ready) return out;
  worker->add_note("it was kept stopped for " + describe(stood));
  const auto text = name_of(*worker) + " has been kept stopped for " + describe(stood) + " and is replaced";
  out.emplace_back(publish{about(event_kind::unresponsive, *worker, text)});
  for (action& each : restart_worker(id, now)) out.push_back(std::move(each));
  advance(now, out);
  return out;
}

actions fleet::recovered(worker_id id) {
  actions out;
  auto* worker = find(id);
  if (worker == nullptr || worker->phase != worker_phase::ready) return out;
  worker->hung = false;
  worker->successor_tried = false;
  worker->note.clear();
  out.emplace_back(publish{about(event_kind::recovered, *worker, name_of(*worker) + " turns again")});
  return out;
}

/// Each hung worker has a successor on its way, had its chance of one, or is ended.
void fleet::settle_hung(time_point now, actions& out) {
  for (auto& [id, worker] : workers_) {
    if (!worker.hung || worker.phase != worker_phase::ready) continue;
    auto& slot = slots_[worker.slot.value];
    if (slot.worker != id || slot.has_successor()) continue;
    if (std::exchange(worker.successor_tried, true) || !may_end(id)) {
      end_hung(worker, now, out);
    } else {
      slot.restarts_for = exit_reason::hung;
      launch_successor(worker.slot.value, slot.generation, now, out);
    }
  }
}

/// It cannot be told anything, so it is not asked; and what it was working on is lost either way.
void fleet::end_hung(worker_record& worker, time_point now, actions& out) {
  if (!worker.reason) worker.reason = exit_reason::hung;
  apply(worker, settings_.hang_core ? worker_input::terminate_requested : worker_input::kill_requested, now,
        out);
}

}  // namespace cluster::policy
