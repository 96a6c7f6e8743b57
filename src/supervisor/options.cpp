// SPDX-License-Identifier: BSL-1.0
#include "common/ip_address.hpp"
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

// What needs no look into files; those are the business of whoever opens them.
problem check_tls(const options& o) {
  if (o.tls.ticket_rotation.count() < 0 || o.tls.ticket_rotation > std::chrono::hours(24 * 7))
    return "tls.ticket_rotation: out of range, 0 (no tickets) to 7 days";
  std::string ignored;
  for (const std::string& uri : o.listen)
    if (const auto address = os::parse_listen_address(uri, ignored);
        address && address->tls && o.tls.certificates.empty())
      return "listen: '" + uri + "': TLS needs a certificate and its key (tls-certificate, tls-key)";
  return std::nullopt;
}

problem check_proxies(const proxy_options& proxies) {
  if (proxies.trusted.size() > 64) return "proxies.trusted: more than 64 of them";
  for (const std::string& each : proxies.trusted)
    if (each != "unix" && !parse_ip_network(each))
      return "proxies.trusted: '" + each.substr(0, 64) +
             "' is neither an address, nor a network such as 10.0.0.0/8 (zeros behind the prefix), nor unix";
  if (proxies.forwarded != proxy_options::fields::none && proxies.trusted.empty())
    return "proxies.forwarded: header fields of proxies need addresses that are trusted (trusted-proxies)";
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

problem check_foreign(const options& o) {
  if (!o.foreign) return std::nullopt;
  if (o.executable.empty()) return "foreign: needs an executable; this program is built on the library";
  if (!o.probe.empty())
    return "probe: only workers built on the library ask themselves; another program says READY=1";
  if (o.max_requests != 0)
    return "max_requests: only workers built on the library count their requests; there are max_age and "
           "max_rss";
  if (o.max_connections != 0 || o.max_connections_total != 0)
    return "max_connections: only workers built on the library hold back at a limit, the others accept for "
           "themselves";
  if (o.schedule == schedule::round_robin)
    return "schedule: only workers built on the library can be handed connections, the others accept for "
           "themselves";
  std::string ignored;
  for (const std::string& uri : o.listen)
    if (const auto at = os::parse_listen_address(uri, ignored); at && (at->tls || at->proxy))
      return "listen: '" + uri + "': only workers built on the library speak TLS and the PROXY protocol";
  if (auto found = check_duration("foreign.ready_after", o.foreign->ready_after, true)) return found;
  if (!o.foreign->wait_ready && o.foreign->ready_after > o.ready_timeout)
    return "foreign.ready_after: later than ready_timeout, so no worker would ever be ready";
  if (o.foreign->stop_signal < 1 || o.foreign->stop_signal > 64)
    return "foreign.stop_signal: " + std::to_string(o.foreign->stop_signal) + " is no signal, 1 to 64";
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
  if (auto found = check_tls(o)) return found;
  if (auto found = check_proxies(o.proxies)) return found;
  if (!o.admin.empty()) {
    std::string why;
    if (const auto at = os::parse_listen_address(o.admin, why); at && (at->tls || at->proxy))
      return "admin: '" + o.admin + "': metrics and probes are served without +tls and +proxy";
    if (!os::parse_listen_address(o.admin, why))
      return "admin: '" + o.admin + "': " + why + "; accepted are " + std::string(os::listen_address_forms);
  }
  if (o.workers > 1024)
    return "workers: " + std::to_string(o.workers) + " is too many, 1 to 1024 (0: one for each CPU)";
  if (o.max_workers > 1024)
    return "max_workers: " + std::to_string(o.max_workers) + " is too many, at most 1024";
  if (o.max_workers != 0 && (o.workers == 0 || o.max_workers < o.workers))
    return "max_workers: " + std::to_string(o.max_workers) +
           " is not above a number of workers that is given";
  if (auto found = check_duration("ready_timeout", o.ready_timeout, false)) return found;
  if (auto found = check_probe(o.probe)) return found;
  if (auto found = check_duration("drain_timeout", o.drain_timeout, true)) return found;
  if (auto found = check_duration("kill_timeout", o.kill_timeout, false)) return found;
  if (auto found = check_duration("hang_timeout", o.hang_timeout, true)) return found;
  if (auto found = check_duration("request_timeout", o.request_timeout, true)) return found;
  if (auto found = check_duration("max_age", o.max_age, true)) return found;
  if (o.max_rss != 0 && o.max_rss < 1024 * 1024)
    return "max_rss: " + std::to_string(o.max_rss) + " bytes is less than any worker needs, at least 1M";
  if (o.max_rss_hard != 0 && o.max_rss_hard < 1024 * 1024)
    return "max_rss_hard: " + std::to_string(o.max_rss_hard) +
           " bytes is less than any worker needs, at least 1M";
  if (o.max_rss_hard != 0 && o.max_rss_hard <= o.max_rss)
    return "max_rss_hard: " + std::to_string(o.max_rss_hard) + " bytes is not above max_rss, " +
           std::to_string(o.max_rss);
  if (auto found = check_restart(o.restart)) return found;
  if (auto found = check_reload(o.reload)) return found;
  if (auto found = check_foreign(o)) return found;
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
