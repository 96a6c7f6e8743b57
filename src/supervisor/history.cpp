// SPDX-License-Identifier: BSL-1.0
// What is kept of what happened.
#include "os/process_usage.hpp"
#include "supervisor/impl.hpp"

namespace cluster {
namespace {

constexpr std::size_t exits_kept = 5;

slot_history& entry(std::vector<slot_history>& history, slot_id slot) {
  if (history.size() <= slot.value) history.resize(slot.value + 1);
  return history[slot.value];
}

}  // namespace

void supervisor::impl::remember(event& what) {
  what.sequence = ++last_sequence;
  what.at = std::chrono::system_clock::now();
  if (what.kind == event_kind::forked) {
    ++counters.workers_started;
    ++entry(history, what.slot).starts;
  } else if (what.kind == event_kind::launch_failed) {
    ++counters.launches_failed;
  } else if (what.kind == event_kind::handler_failed) {
    ++counters.handler_failures;
  } else if (what.kind == event_kind::exited) {
    ++counters.exits[static_cast<std::size_t>(what.reason)];
    auto& exits = entry(history, what.slot).exits;
    exits.insert(exits.begin(), {what.worker, what.generation, what.pid, what.reason, what.status, what.at});
    if (exits.size() > exits_kept) exits.pop_back();
  }
}

void supervisor::impl::remember_cpu(const worker_process& process) {
  slot_history& slot = entry(history, process.slot);
  slot.cpu += process.child.cpu_time();
  slot.traffic += process.page.read();
}

void supervisor::impl::report_history(cluster_status& into) const {
  into.uptime = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - started);
  if (const policy::rollout* now = fleet->current_rollout())
    into.rollout = {now->from(), now->to(), now->size(), now->slots_done(),
                    now->way() == policy::rollout::direction::back};
  into.last_reload = last_reload;
  into.slots = history;
  into.counters = counters;
  for (const auto& relay : {relay_out, relay_error})
    if (relay) into.counters.output_lines_dropped += relay->dropped();
}

std::optional<worker_usage> supervisor::impl::usage(worker_id id, bool with_pss) const {
  const auto found = workers.find(id);
  if (found == workers.end()) return std::nullopt;
  const auto now = os::read_usage(found->second->child.pid());
  if (!now) return std::nullopt;
  worker_usage result{now->cpu, now->rss, 0};
  if (with_pss) result.pss_bytes = os::read_proportional_memory(found->second->child.pid()).value_or(0);
  return result;
}

}  // namespace cluster
