// SPDX-License-Identifier: BSL-1.0
#include "os/address.hpp"
#include "os/rendezvous.hpp"

#include <cluster/options.hpp>

#include <algorithm>
#include <cctype>

namespace cluster {
namespace {

using problem = std::optional<std::string>;

problem check_name(const std::string& name) {
  const bool fine = !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (fine) return std::nullopt;
  return "name: '" + name + "' is not 1 to 64 letters, digits, '-', '_' or '.'";
}

problem check_listen(const std::vector<std::string>& listen) {
  if (listen.size() > 32) return "listen: more than 32 addresses";
  for (const std::string& uri : listen) {
    std::string why;
    if (!os::parse_listen_address(uri, why))
      return "listen: '" + uri + "': " + why + "; accepted are " + std::string(os::listen_address_forms);
  }
  return std::nullopt;
}

problem check_duration(const char* name, std::chrono::milliseconds value, bool zero_allowed) {
  const auto least = zero_allowed ? 0 : 1;
  if (value.count() >= least && value <= std::chrono::hours(24 * 366)) return std::nullopt;
  return std::string(name) + ": " + std::to_string(value.count()) + " ms is out of range, " +
         (zero_allowed ? "0 ms" : "1 ms") + " to a year";
}

problem check_restart(const restart_policy& policy) {
  if (auto found = check_duration("restart.initial_delay", policy.initial_delay, true)) return found;
  if (auto found = check_duration("restart.max_delay", policy.max_delay, true)) return found;
  if (auto found = check_duration("restart.min_uptime", policy.min_uptime, true)) return found;
  if (auto found = check_duration("restart.window", policy.window, false)) return found;
  if (auto found = check_duration("restart.rest", policy.rest, true)) return found;
  if (policy.max_delay < policy.initial_delay) return "restart.max_delay: below restart.initial_delay";
  // Written so that not-a-number fails as well.
  if (!(policy.multiplier >= 1.0 && policy.multiplier <= 100.0))
    return "restart.multiplier: out of range, 1 to 100";
  if (!(policy.jitter >= 0.0 && policy.jitter <= 1.0)) return "restart.jitter: out of range, 0 to 1";
  return std::nullopt;
}

problem check_reload(const reload_options& reload) {
  if (reload.max_surge == 0 && reload.max_unavailable == 0)
    return "reload.max_surge: 0 needs reload.max_unavailable of at least 1, or nothing can move";
  if (reload.max_surge > 1024) return "reload.max_surge: out of range, 0 to 1024";
  if (reload.max_unavailable > 1024) return "reload.max_unavailable: out of range, 0 to 1024";
  if (auto found = check_duration("reload.pause", reload.pause, true)) return found;
  return check_duration("reload.soak", reload.soak, true);
}

problem check_probe(const std::string& path) {
  const bool fine = path.empty() || (path.front() == '/' && path.size() <= 1024 &&
                                     std::ranges::all_of(path, [](char c) { return c > ' ' && c < 0x7F; }));
  if (fine) return std::nullopt;
  return "probe: '" + path.substr(0, 64) +
         "' is not a path such as /healthz, without spaces, up to 1024 bytes";
}

problem check_router(const options& o) {
  if (!o.router.choose) return std::nullopt;
  if (o.schedule != schedule::round_robin)
    return "router: only schedule round-robin can pick the worker for a connection, this one is " +
           std::string(to_string(o.schedule));
  if (o.router.peek_bytes > max_peek_bytes)
    return "router.peek_bytes: " + std::to_string(o.router.peek_bytes) + " is too many, 0 to " +
           std::to_string(max_peek_bytes);
  return check_duration("router.peek_time", o.router.peek_time, false);
}

problem check_output(const options& o) {
  if (o.capture_output && !o.worker_output.empty())
    return "worker_output: '" + o.worker_output + "' and captured output exclude each other";
  return std::nullopt;
}

problem check_environment(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    const auto equals = entry.find('=');
    if (equals == std::string::npos || equals == 0 || entry.find('\0') != std::string::npos)
      return "environment: '" + entry.substr(0, equals) + "' is not of the form NAME=value";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> validate(const options& o) {
  if (auto found = check_name(o.name)) return found;
  if (auto found = check_listen(o.listen)) return found;
  if (!o.admin.empty()) {
    std::string why;
    if (!os::parse_listen_address(o.admin, why))
      return "admin: '" + o.admin + "': " + why + "; accepted are " + std::string(os::listen_address_forms);
  }
  if (o.workers > 1024)
    return "workers: " + std::to_string(o.workers) + " is too many, 1 to 1024 (0: one for each CPU)";
  if (auto found = check_duration("ready_timeout", o.ready_timeout, false)) return found;
  if (auto found = check_probe(o.probe)) return found;
  if (auto found = check_duration("drain_timeout", o.drain_timeout, true)) return found;
  if (auto found = check_duration("kill_timeout", o.kill_timeout, false)) return found;
  if (auto found = check_duration("hang_timeout", o.hang_timeout, true)) return found;
  if (auto found = check_duration("max_age", o.max_age, true)) return found;
  if (o.max_rss != 0 && o.max_rss < 1024 * 1024)
    return "max_rss: " + std::to_string(o.max_rss) + " bytes is less than any worker needs, at least 1M";
  if (auto found = check_restart(o.restart)) return found;
  if (auto found = check_reload(o.reload)) return found;
  if (o.nice && (*o.nice < -20 || *o.nice > 19))
    return "nice: " + std::to_string(*o.nice) + " is out of range, -20 to 19";
  if (o.oom_score && (*o.oom_score < -1000 || *o.oom_score > 1000))
    return "oom_score: " + std::to_string(*o.oom_score) + " is out of range, -1000 to 1000";
  if (auto found = check_duration("orphan_timeout", o.orphan_timeout, true)) return found;
  if (o.rendezvous.size() > os::longest_rendezvous)
    return "rendezvous: the path is longer than " + std::to_string(os::longest_rendezvous) + " characters";
  if (auto found = check_router(o)) return found;
  if (auto found = check_output(o)) return found;
  if (o.backlog < 1) return "backlog: " + std::to_string(o.backlog) + " is too small, at least 1";
  if (o.unix_mode > 0777) return "unix_mode: only permission bits, 0 to 0777";
  return check_environment(o.environment);
}

}  // namespace cluster
