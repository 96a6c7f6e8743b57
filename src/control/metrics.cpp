// SPDX-License-Identifier: BSL-1.0
#include "control/render.hpp"

#include <cluster/version.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace cluster::control {
namespace {

/// Writes families: HELP and TYPE once, then samples.
class exposition {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  }
  void sample(std::initializer_list<std::pair<std::string_view, std::string>> labels, double number) {
    text_ += name_;
    char before = '{';
    for (const auto& [label, value] : labels) {
      text_.append(1, before).append(label).append("=\"");
      escape(value);
      text_ += '"';
      before = ',';
    }
    if (labels.size() != 0) text_ += '}';
    std::array<char, 32> digits{};
    const int length = std::snprintf(digits.data(), digits.size(), " %.15g\n", number);
    text_.append(digits.data(), static_cast<std::size_t>(length));
  }
  void sample(double number) { sample({}, number); }
  template <class Integer>
  static double number(Integer count) {
    return static_cast<double>(count);
  }
  std::string take() { return std::move(text_); }

 private:
  void escape(std::string_view value) {
    for (const char c : value) {
      if (c == '\\' || c == '"') text_ += '\\';
      if (c == '\n') text_ += "\\n";
      else text_ += c;
    }
  }

  std::string name_;
  std::string text_;
};

std::string label(slot_id slot) { return std::to_string(slot.value); }

double to_seconds(std::chrono::microseconds time) { return std::chrono::duration<double>(time).count(); }

void write_workers(exposition& out, const cluster_status& now) {
  out.family("cluster_workers_target", "gauge", "Wanted number of workers.");
  out.sample(exposition::number(now.target));
  out.family("cluster_workers", "gauge", "Workers alive, by state.");
  for (const worker_state state : {worker_state::starting, worker_state::ready, worker_state::draining}) {
    const auto count = std::count_if(now.workers.begin(), now.workers.end(),
                                     [&](const worker_status& each) { return each.state == state; });
    out.sample({{"state", std::string(to_string(state))}}, exposition::number(count));
  }
  out.family("cluster_generation", "gauge", "Generation that the cluster runs.");
  out.sample(exposition::number(now.generation.value));
  out.family("cluster_workers_started_total", "counter", "Worker processes started.");
  out.sample(exposition::number(now.counters.workers_started));
  out.family("cluster_worker_launches_failed_total", "counter",
             "Worker processes that could not be started.");
  out.sample(exposition::number(now.counters.launches_failed));
  out.family("cluster_worker_exits_total", "counter", "Worker processes that ended, by reason.");
  for (std::size_t i = 0; i < now.counters.exits.size(); ++i)
    out.sample({{"reason", std::string(to_string(static_cast<exit_reason>(i)))}},
               exposition::number(now.counters.exits[i]));
  out.family("cluster_handler_failures_total", "counter", "Reports of handlers that threw.");
  out.sample(exposition::number(now.counters.handler_failures));
}

void write_reloads(exposition& out, const cluster_status& now) {
  out.family("cluster_reloads_total", "counter", "Rolling replacements that ended, by outcome.");
  for (std::size_t i = 0; i < now.counters.reloads.size(); ++i)
    out.sample({{"outcome", std::string(to_string(static_cast<reload_report::outcome>(i)))}},
               exposition::number(now.counters.reloads[i]));
  out.family("cluster_reload_running", "gauge", "1 while a rolling replacement is under way.");
  out.sample(now.rollout ? 1 : 0);
  if (!now.last_reload) return;
  out.family("cluster_last_reload_duration_seconds", "gauge", "Time that the last rolling replacement took.");
  out.sample(to_seconds(now.last_reload->took));
}

void write_slots(exposition& out, const cluster_status& now, const measurements& measured_ones) {
  out.family("cluster_slot_starts_total", "counter", "Workers started in a slot.");
  for (std::size_t slot = 0; slot < now.slots.size(); ++slot)
    out.sample({{"slot", std::to_string(slot)}}, exposition::number(now.slots[slot].starts));
  // Of all workers that had the slot: the sum never goes back when one follows another.
  std::vector<std::chrono::microseconds> cpu;
  std::vector<std::uint64_t> memory;
  for (const slot_history& slot : now.slots) cpu.push_back(slot.cpu);
  memory.resize(cpu.size());
  for (const worker_status& each : now.workers) {
    const auto found = measured_ones.find(each.id);
    if (found == measured_ones.end() || each.slot.value >= cpu.size()) continue;
    cpu[each.slot.value] += found->second.cpu.value_or(std::chrono::microseconds(0));
    memory[each.slot.value] += found->second.rss_bytes.value_or(0);
  }
  out.family("cluster_slot_cpu_seconds_total", "counter", "CPU time of all workers that had a slot.");
  for (std::size_t slot = 0; slot < cpu.size(); ++slot)
    out.sample({{"slot", std::to_string(slot)}}, to_seconds(cpu[slot]));
  out.family("cluster_slot_resident_memory_bytes", "gauge", "Resident memory of the workers in a slot.");
  for (std::size_t slot = 0; slot < memory.size(); ++slot)
    out.sample({{"slot", std::to_string(slot)}}, exposition::number(memory[slot]));
  out.family("cluster_worker_uptime_seconds", "gauge", "Age of the ready worker in a slot.");
  for (const worker_status& each : now.workers)
    if (each.state == worker_state::ready)
      out.sample({{"slot", label(each.slot)}, {"worker", std::to_string(each.id.value)}},
                 to_seconds(each.uptime));
}

}  // namespace

std::string metrics_text(const cluster_status& now, const measurements& measured_ones) {
  exposition out;
  out.family("cluster_build_info", "gauge", "Name of the cluster and versions; always 1.");
  out.sample({{"name", now.name}, {"version", now.version}, {"library", CLUSTER_VERSION_STRING}}, 1);
  out.family("cluster_uptime_seconds", "gauge", "Time since the cluster was started.");
  out.sample(to_seconds(now.uptime));
  out.family("cluster_ready", "gauge", "1 while the cluster can serve.");
  out.sample(readiness_of(now).ready ? 1 : 0);
  write_workers(out, now);
  write_reloads(out, now);
  write_slots(out, now, measured_ones);
  return out.take();
}

}  // namespace cluster::control
