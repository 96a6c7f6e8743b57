// SPDX-License-Identifier: BSL-1.0
#include "control/render.hpp"

#include <cluster/version.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>
#include <vector>

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
  void sample(std::initializer_list<std::pair<std::string_view, std::string>> labels, double number,
              std::string_view ending = {}) {
    text_.append(name_).append(ending);
    char before = '{';
    for (const auto& [label, value] : labels) {
      text_.append(1, before).append(label).append("=\"");
      escape(value);
      text_ += '"';
      before = ',';
    }
    if (labels.size() != 0) text_ += '}';
    text_.append(" ").append(text(number)).append("\n");
  }
  void sample(double number) { sample({}, number); }
  template <class Integer>
  static double number(Integer count) {
    return static_cast<double>(count);
  }
  static std::string text(double number) {
    std::array<char, 32> digits{};
    const int length = std::snprintf(digits.data(), digits.size(), "%.15g", number);
    return {digits.data(), static_cast<std::size_t>(length)};
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

double to_seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

std::string label(slot_id slot) { return std::to_string(slot.value); }

void write_workers(exposition& out, const cluster_status& now) {
  out.family("cluster_workers_target", "gauge", "Wanted number of workers.");
  out.sample(exposition::number(now.target));
  out.family("cluster_workers_bound", "gauge",
             "Between which numbers the target follows the load; 0: it does not.");
  out.sample({{"bound", "min"}}, exposition::number(now.scaling.min));
  out.sample({{"bound", "max"}}, exposition::number(now.scaling.max));
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
  out.family("cluster_log_lines_total", "counter", "Lines of workers that were captured.");
  out.sample(exposition::number(now.counters.output_lines));
  out.family("cluster_log_lines_dropped_total", "counter", "Lines of workers that were dropped.");
  out.sample(exposition::number(now.counters.output_lines_dropped));
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

// Prometheus sums up itself: each bucket holds all that is below its bound. Every fourth bound of ours is a
// power of two.
void write_latency(exposition& out, const latency_histogram& latency) {
  out.family("cluster_request_duration_seconds", "histogram", "How long requests took.");
  std::uint64_t so_far = 0;
  for (std::size_t bucket = 0; bucket + 1 < latency_histogram::size; ++bucket) {
    so_far += latency.counts[bucket];
    if (bucket % 4 != 3) continue;
    const double bound = std::chrono::duration<double>(latency_histogram::upper_bound(bucket)).count();
    out.sample({{"le", exposition::text(bound)}}, exposition::number(so_far), "_bucket");
  }
  out.sample({{"le", "+Inf"}}, exposition::number(latency.count()), "_bucket");
  out.sample({}, to_seconds(latency.sum), "_sum");
  out.sample({}, exposition::number(latency.count()), "_count");
}

void write_traffic(exposition& out, const cluster_status& now) {
  const auto counter = [&](const char* name, const char* help, double number) {
    out.family(name, "counter", help);
    out.sample(number);
  };
  out.family("cluster_connections", "gauge", "Connections open now.");
  out.sample(exposition::number(now.totals.connections));
  counter("cluster_connections_accepted_total", "Connections taken by workers, those that moved included.",
          exposition::number(now.totals.accepted));
  counter("cluster_requests_total", "Requests begun.", exposition::number(now.totals.requests));
  counter("cluster_server_errors_total", "Answers with a status of 500 or above.",
          exposition::number(now.totals.errors));
  counter("cluster_received_bytes_total", "Octets received by workers.",
          exposition::number(now.totals.bytes_received));
  counter("cluster_sent_bytes_total", "Octets sent by workers.", exposition::number(now.totals.bytes_sent));
  write_latency(out, now.latency);
}

constexpr const char* classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

// Of the statuses that a route never gave there is nothing to see, but that it has answered none yet.
void write_routes(exposition& out, const cluster_status& now) {
  if (now.routes.empty()) return;
  out.family("cluster_http_requests_total", "counter", "Answers by route and status.");
  for (const route_traffic& each : now.routes)
    for (std::size_t i = 0; i < each.answers.size(); ++i)
      if (each.answers[i] != 0 || i == 1)
        out.sample({{"route", each.route}, {"status", classes[i]}}, exposition::number(each.answers[i]));
  out.family("cluster_http_route_duration_seconds", "summary",
             "How long answers took, by route; not streams.");
  for (const route_traffic& each : now.routes) {
    out.sample({{"route", each.route}}, to_seconds(each.time), "_sum");
    out.sample({{"route", each.route}}, exposition::number(each.timed), "_count");
  }
}

// A slot's number is that of its workers that are gone and of the present ones.
void write_slot_traffic(exposition& out, const cluster_status& now) {
  std::vector<traffic> slots;
  for (const slot_history& each : now.slots) slots.push_back(each.traffic);
  for (const worker_status& each : now.workers) {
    if (each.slot.value >= slots.size()) continue;
    slots[each.slot.value] += each.statistics;
    slots[each.slot.value].connections += each.statistics.connections;
  }
  const auto family = [&](const char* name, const char* type, const char* help, auto number) {
    out.family(name, type, help);
    for (std::size_t slot = 0; slot < slots.size(); ++slot)
      out.sample({{"slot", std::to_string(slot)}}, number(slots[slot]));
  };
  family("cluster_slot_connections", "gauge", "Connections open now, by slot.",
         [](const traffic& one) { return exposition::number(one.connections); });
  family("cluster_slot_requests_total", "counter", "Requests begun by all workers that had a slot.",
         [](const traffic& one) { return exposition::number(one.requests); });
  family("cluster_slot_busy_seconds_total", "counter", "Time that event loops spent on requests, by slot.",
         [](const traffic& one) { return to_seconds(one.busy); });
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
  write_traffic(out, now);
  write_routes(out, now);
  write_slots(out, now, measured_ones);
  write_slot_traffic(out, now);
  return out.take();
}

}  // namespace cluster::control
