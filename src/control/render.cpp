// SPDX-License-Identifier: BSL-1.0
#include "control/render.hpp"

#include "common/text.hpp"
#include "control/json_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace cluster::control {
namespace {

double seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000.0; }
double tenths(double number) { return std::round(number * 10.0) / 10.0; }

void exit_fields(json_text& json, const exit_status& status, exit_reason reason) {
  json.member("reason", to_string(reason));
  json.member("status", to_string(status));
  json.key("exit_code");
  if (status.how == exit_status::kind::exited) json.value(status.code);
  else json.null();
  json.key("signal");
  if (status.how == exit_status::kind::signalled) json.value(status.signal);
  else json.null();
  json.member("core", status.core);
}

void write(json_text& json, const worker_exit& what) {
  json.open().member("worker", what.worker.value).member("pid", what.pid);
  json.member("generation", what.generation.value).member("at", utc_timestamp(what.at));
  exit_fields(json, what.status, what.reason);
  json.close();
}

void write(json_text& json, const traffic& seen) {
  json.member("connections", seen.connections).member("accepted", seen.accepted);
  json.member("requests", seen.requests).member("errors", seen.errors);
  json.member("bytes_received", seen.bytes_received).member("bytes_sent", seen.bytes_sent);
}

// Without requests there is no such time, and none is said.
void write(json_text& json, const latency_histogram& latency) {
  if (latency.count() == 0) return;
  json.member("p50_us", latency.quantile(0.5).count()).member("p99_us", latency.quantile(0.99).count());
}

void write(json_text& json, const worker_status& worker, const cluster_status& all,
           const measurements& measured_ones) {
  json.open().member("id", worker.id.value).member("slot", worker.slot.value).member("pid", worker.pid);
  json.member("generation", worker.generation.value).member("state", to_string(worker.state));
  json.member("hung", worker.hung)
      .member("paused", worker.paused)
      .member("uptime_s", seconds(worker.uptime))
      .member("restarts", worker.restarts);
  write(json, worker.statistics);
  write(json, worker.statistics.latency);
  if (worker.statistics.heartbeat_age.count() >= 0)
    json.member("heartbeat_age_ms", worker.statistics.heartbeat_age.count());
  if (const auto found = measured_ones.find(worker.id); found != measured_ones.end()) {
    const measured& was = found->second;
    if (was.requests_per_s) json.member("requests_per_s", tenths(*was.requests_per_s));
    if (was.busy_percent) json.member("busy_percent", tenths(*was.busy_percent));
    if (was.cpu_percent) json.member("cpu_percent", tenths(*was.cpu_percent));
    if (was.rss_bytes) json.member("rss_bytes", *was.rss_bytes);
    if (was.pss_bytes) json.member("pss_bytes", *was.pss_bytes);
  }
  json.key("last_exit");
  const bool any = worker.slot.value < all.slots.size() && !all.slots[worker.slot.value].exits.empty();
  if (any) write(json, all.slots[worker.slot.value].exits.front());
  else json.null();
  json.key("exits").open('[');
  if (any)
    for (const worker_exit& each : all.slots[worker.slot.value].exits) write(json, each);
  json.close(']').close();
}

void write(json_text& json, const reload_report& report) {
  json.open().member("id", report.to.value).member("outcome", to_string(report.how));
  json.member("from", report.from.value).member("to", report.to.value);
  json.member("slots_total", report.slots_total).member("slots_done", report.slots_done);
  json.member("took_ms", report.took.count()).member("connections_moved", report.connections_moved);
  json.member("requests_finished", report.requests_finished);
  if (!report.stage.empty()) json.member("stage", report.stage);
  if (!report.reason.empty()) json.member("reason", report.reason);
  json.close();
}

constexpr std::array<exit_reason, 9> reasons{
    exit_reason::requested, exit_reason::replaced,        exit_reason::scaled_down,
    exit_reason::recycled,  exit_reason::crashed,         exit_reason::signalled,
    exit_reason::hung,      exit_reason::failed_to_start, exit_reason::orphaned};

void write(json_text& json, const cluster_counters& counters) {
  json.open().member("workers_started", counters.workers_started);
  json.member("launches_failed", counters.launches_failed);
  json.member("log_lines", counters.output_lines).member("log_lines_dropped", counters.output_lines_dropped);
  json.member("handler_failures", counters.handler_failures);
  json.key("exits").open();
  for (const exit_reason reason : reasons)
    json.member(to_string(reason), counters.exits[static_cast<std::size_t>(reason)]);
  json.close().key("reloads").open();
  for (std::size_t i = 0; i < counters.reloads.size(); ++i)
    json.member(to_string(static_cast<reload_report::outcome>(i)), counters.reloads[i]);
  json.close().close();
}

}  // namespace

std::string_view state_of(const cluster_status& now) {
  if (now.stopping) return now.workers.empty() ? "stopped" : "stopping";
  const bool any_ended = std::any_of(now.slots.begin(), now.slots.end(),
                                     [](const slot_history& slot) { return !slot.exits.empty(); });
  return now.ready == 0 && !any_ended ? "starting" : "running";
}

std::string status_json(const cluster_status& now, const measurements& measured_ones) {
  json_text json;
  json.open().member("name", now.name).member("version", now.version).member("pid", now.pid);
  json.member("state", state_of(now)).member("uptime_s", seconds(now.uptime));
  json.member("generation", now.generation.value).member("executable", now.executable);
  json.member("schedule", to_string(now.schedule));
  json.member("ready", now.ready).member("target", now.target);
  json.key("scaling");
  if (now.scaling.max == 0) json.null();
  else json.open().member("min", now.scaling.min).member("max", now.scaling.max).close();
  json.member("captures_output", now.captures_output).key("listeners").open('[');
  for (std::size_t i = 0; i < now.listeners.size(); ++i)
    json.open().member("name", now.listener_names[i]).member("uri", now.listeners[i]).close();
  json.close(']').key("workers").open('[');
  for (const worker_status& each : now.workers) write(json, each, now, measured_ones);
  json.close(']').key("rollout");
  if (now.rollout) {
    json.open().member("id", now.rollout->to.value).member("from", now.rollout->from.value);
    json.member("to", now.rollout->to.value).member("slots_total", now.rollout->slots_total);
    json.member("slots_done", now.rollout->slots_done).member("going_back", now.rollout->going_back).close();
  } else {
    json.null();
  }
  json.key("last_reload");
  if (now.last_reload) write(json, *now.last_reload);
  else json.null();
  json.key("totals").open();
  write(json, now.totals);
  write(json, now.latency);
  json.close().key("counters");
  write(json, now.counters);
  return json.close().take() + "\n";
}

std::string report_json(const reload_report& report) {
  json_text json;
  write(json, report);
  return json.take();
}

std::string event_json(const event& what) {
  json_text json;
  json.open().member("sequence", what.sequence).member("at", utc_timestamp(what.at));
  json.member("event", to_string(what.kind));
  if (what.worker.value != 0) json.member("worker", what.worker.value);
  const bool of_slot = what.worker.value != 0 || what.kind == event_kind::restart_delayed ||
                       what.kind == event_kind::resting || what.kind == event_kind::retired;
  if (of_slot) json.member("slot", what.slot.value);
  if (what.generation.value != 0) json.member("generation", what.generation.value);
  if (what.pid != 0) json.member("pid", what.pid);
  if (!what.endpoint.empty()) json.member("endpoint", what.endpoint);
  if (what.kind == event_kind::exited) exit_fields(json, what.status, what.reason);
  if (what.delay.count() != 0) json.member("delay_ms", what.delay.count());
  if (!what.text.empty()) json.member("text", what.text);
  return json.close().take();
}

std::string line_json(const output_line& line) {
  json_text json;
  json.open().member("sequence", line.sequence).member("at", utc_timestamp(line.at));
  json.member("worker", line.worker.value).member("slot", line.slot.value).member("pid", line.pid);
  return json.member("stream", line.error ? "err" : "out").member("text", line.text).close().take();
}

std::string event_block(const event& what, const std::string& run) {
  return "id: " + run + ":" + std::to_string(what.sequence) +
         "\nevent: " + std::string(to_string(what.kind)) + "\ndata: " + event_json(what) + "\n\n";
}

readiness_report readiness_of(const cluster_status& now) {
  readiness_report result;
  const std::string of = " of " + std::to_string(now.target) + (now.target == 1 ? " worker" : " workers");
  result.alive =
      now.stopping || std::any_of(now.workers.begin(), now.workers.end(), [](const worker_status& each) {
        return each.state == worker_state::ready || each.state == worker_state::starting;
      });
  result.ready = now.ready != 0 && !now.stopping;
  if (now.stopping) result.reason = "the cluster is stopping";
  else if (!result.alive) result.reason = "no worker runs, 0" + of;
  else if (!result.ready) result.reason = "no worker is ready, 0" + of;
  return result;
}

std::string readiness_json(const cluster_status& now, const readiness_report& report) {
  json_text json;
  json.open().member("ready", now.ready).member("target", now.target).member("state", state_of(now));
  if (!report.reason.empty()) json.member("reason", report.reason);
  return json.close().take() + "\n";
}

void rate_meter::measure(worker_id id, const numbers& now, std::chrono::milliseconds uptime,
                         clock::time_point at, measured& into) {
  const auto [found, fresh] = looks_.try_emplace(id, looks{{at - uptime, {}}, {at, now}});
  looks& all = found->second;
  if (!fresh && at - all.latest.at >= least) {
    all.from = all.latest;
    all.latest = {at, now};
  }
  const auto span = std::chrono::duration<double>(at - all.from.at).count();
  const auto rate = [span](double grown) { return span > 0 && grown > 0 ? grown / span : 0.0; };
  const numbers& then = all.from.seen;
  into.cpu_percent = 100.0 * rate(std::chrono::duration<double>(now.cpu - then.cpu).count());
  into.busy_percent = 100.0 * rate(std::chrono::duration<double>(now.busy - then.busy).count());
  into.requests_per_s = rate(static_cast<double>(now.requests) - static_cast<double>(then.requests));
}

void rate_meter::keep_only(const cluster_status& now) {
  std::erase_if(looks_, [&](const auto& each) {
    return std::none_of(now.workers.begin(), now.workers.end(),
                        [&](const worker_status& one) { return one.id == each.first; });
  });
}

}  // namespace cluster::control
