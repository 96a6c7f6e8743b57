// SPDX-License-Identifier: BSL-1.0
#include "run/settings.hpp"

#include "common/text.hpp"

#include <cctype>
#include <cstdlib>

namespace cluster::run_detail {
namespace {

using values = std::vector<std::string>;
using expected = std::optional<std::string>;

constexpr const char* a_duration = "a time such as 500ms, 30s, 5m or 24h";

template <auto Member>
expected set_text(options& into, const values& v) {
  into.*Member = v.front();
  return std::nullopt;
}

// The path goes from the options down to the member: {&options::restart, &restart_policy::window}.
template <auto... Path>
expected set_duration(options& into, const values& v) {
  const auto parsed = parse_duration(v.front());
  if (!parsed) return a_duration;
  (into.*....*Path) = *parsed;
  return std::nullopt;
}

template <auto Member>
expected set_reload_count(options& into, const values& v) {
  const auto parsed = parse_number(v.front());
  if (!parsed || *parsed > 1024) return "a number from 0 to 1024";
  into.reload.*Member = static_cast<std::size_t>(*parsed);
  return std::nullopt;
}

expected set_rollback(options& into, const values& v) {
  if (v.front() != "on" && v.front() != "off") return "on or off";
  into.reload.rollback = v.front() == "on";
  return std::nullopt;
}

template <auto Member>
expected set_switch(options& into, const values& v) {
  if (v.front() != "on" && v.front() != "off") return "on or off";
  into.*Member = v.front() == "on";
  return std::nullopt;
}

template <auto Member>
expected set_restart_count(options& into, const values& v) {
  const auto parsed = parse_number(v.front());
  if (!parsed || *parsed > 1'000'000) return "a number from 0 (no limit) to 1000000";
  into.restart.*Member = static_cast<std::size_t>(*parsed);
  return std::nullopt;
}

expected set_listen(options& into, const values& v) {
  into.listen = v;
  return std::nullopt;  // the whole of the options is validated at the end, addresses included
}

expected set_schedule(options& into, const values& v) {
  for (const schedule each : {schedule::shared, schedule::round_robin, schedule::reuse_port}) {
    if (to_string(each) != v.front()) continue;
    into.schedule = each;
    return std::nullopt;
  }
  return "shared, round-robin or reuse-port";
}

expected set_sticky(options& into, const values& v) {
  const std::string_view how = v.front();
  if (how == "address") into.router = sticky_by_address();
  else if (how.starts_with("cookie:") && how.size() > 7) into.router = sticky_by_cookie(v.front().substr(7));
  else if (how == "off") into.router = {};
  else return "address, cookie:NAME or off";
  return std::nullopt;
}

template <auto Member>
expected set_connections(options& into, const values& v) {
  const auto number = parse_number(v.front());
  if (!number || *number > 1'000'000'000) return "a number up to 1000000000; 0: no limit";
  into.*Member = static_cast<std::size_t>(*number);
  return std::nullopt;
}

expected set_max_requests(options& into, const values& v) {
  const auto number = parse_number(v.front());
  if (!number) return "a number; 0: no limit";
  into.max_requests = *number;
  return std::nullopt;
}

template <auto Member>
expected set_memory(options& into, const values& v) {
  const auto size = parse_size(v.front());
  if (!size || *size >= std::uint64_t{1} << 50) return "a size such as 512M or 2G; 0: no limit";
  into.*Member = *size;
  return std::nullopt;
}

template <auto Member, int Least, int Most>
expected set_whole(options& into, const values& v) {
  std::string_view digits = v.front();
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  const auto number = parse_number(digits);
  const auto bound = static_cast<std::uint64_t>(negative ? -Least : Most);
  if (!number || *number > bound)
    return Least == -20 ? "a number from -20 to 19" : "a number from -1000 to 1000";
  into.*Member = negative ? -static_cast<int>(*number) : static_cast<int>(*number);
  return std::nullopt;
}

// Certificates and keys come in two lists, in the same order.
template <auto Member>
expected set_tls_files(options& into, const values& v) {
  auto& list = into.tls.certificates;
  if (Member == &tls_certificate::certificate || list.size() < v.size()) list.resize(v.size());
  for (std::size_t i = 0; i < list.size(); ++i) list[i].*Member = i < v.size() ? v[i] : std::string();
  return std::nullopt;
}

expected set_trusted_proxies(options& into, const values& v) {
  into.proxies.trusted = v;
  return std::nullopt;  // validated with the whole of the options
}

expected set_forwarded(options& into, const values& v) {
  using fields = proxy_options::fields;
  if (v.front() == "off") into.proxies.forwarded = fields::none;
  else if (v.front() == "forwarded") into.proxies.forwarded = fields::forwarded;
  else if (v.front() == "x-forwarded") into.proxies.forwarded = fields::x_forwarded;
  else return "off, forwarded or x-forwarded";
  return std::nullopt;
}

expected set_tls_client_ca(options& into, const values& v) {
  into.tls.client_ca = v.front();
  return std::nullopt;
}

expected set_tls_clients(options& into, const values& v) {
  using clients = tls_options::client_certificates;
  if (v.front() == "off") into.tls.clients = clients::off;
  else if (v.front() == "optional") into.tls.clients = clients::optional;
  else if (v.front() == "required") into.tls.clients = clients::required;
  else return "off, optional or required";
  return std::nullopt;
}

expected set_tls_minimum(options& into, const values& v) {
  if (v.front() == "1.2") into.tls.minimum = tls_options::version::tls_1_2;
  else if (v.front() == "1.3") into.tls.minimum = tls_options::version::tls_1_3;
  else return "1.2 or 1.3";
  return std::nullopt;
}

expected set_tls_tickets(options& into, const values& v) {
  const auto parsed = parse_duration(v.front());
  if (!parsed || parsed->count() % 1000 != 0) return "a time of whole seconds such as 12h; 0: no tickets";
  into.tls.ticket_rotation = std::chrono::duration_cast<std::chrono::seconds>(*parsed);
  return std::nullopt;
}

expected set_workers(options& into, const values& v) {
  const std::string_view text = v.front();
  const std::size_t dash = text.find('-');
  const auto least = parse_number(text.substr(0, dash));
  const auto most = dash == text.npos ? least : parse_number(text.substr(dash + 1));
  into.max_workers = 0;
  if (text == "auto") {
    into.workers = 0;
  } else if (least && most && *least >= 1 && *least <= *most && *most <= 1024) {
    into.workers = static_cast<std::size_t>(*least);
    if (*least < *most) into.max_workers = static_cast<std::size_t>(*most);
  } else {
    return "a number from 1 to 1024, two such as 2-8 (as the load wants), or auto (one for each CPU)";
  }
  return std::nullopt;
}

expected set_probe(options& into, const values& v) {
  if (!v.front().starts_with('/')) return "a path such as /healthz";
  into.probe = v.front();
  return std::nullopt;
}

expected set_backlog(options& into, const values& v) {
  const auto number = parse_number(v.front());
  if (!number || *number < 1 || *number > 1'000'000) return "a number from 1 to 1000000";
  into.backlog = static_cast<int>(*number);
  return std::nullopt;
}

expected set_no_restart_codes(options& into, const values& v) {
  std::vector<int> codes;
  for (const std::string& each : v) {
    const auto number = parse_number(each);
    if (!number || *number > 255) return "exit codes from 0 to 255";
    codes.push_back(static_cast<int>(*number));
  }
  into.restart.no_restart_codes = std::move(codes);
  return std::nullopt;
}

expected set_log_level(options& into, const values& v) {
  for (const log_level level :
       {log_level::debug, log_level::info, log_level::warning, log_level::error, log_level::off}) {
    if (to_string(level) != v.front()) continue;
    into.log.level = level;
    return std::nullopt;
  }
  return "debug, info, warning, error or off";
}

expected set_log_format(options& into, const values& v) {
  if (v.front() == "text") into.log.format = log_format::text;
  else if (v.front() == "json") into.log.format = log_format::json;
  else return "text or json";
  return std::nullopt;
}

expected set_launcher(options& into, const values& v) {
  into.launcher = v;
  return std::nullopt;
}

expected set_logs(options& into, const values& v) {
  if (v.front() != "inherit" && v.front() != "capture") return "inherit or capture";
  into.capture_output = v.front() == "capture";
  return std::nullopt;
}

constexpr setting table[] = {
    {"listen", "URI", "where to listen; may be repeated", true, set_listen},
    {"tls-certificate", "FILE", "PEM, for addresses with +tls; again for other names", true,
     set_tls_files<&tls_certificate::certificate>},
    {"tls-key", "FILE", "its private key; in the order of the certificates", true,
     set_tls_files<&tls_certificate::key>},
    {"workers", "N|A-B|auto", "worker processes, or bounds; auto: one a CPU", false, set_workers},
    {"schedule", "POLICY", "who accepts: shared, round-robin or reuse-port", false, set_schedule},
    {"sticky", "HOW", "round-robin: worker by address or cookie:NAME", false, set_sticky},
    {"max-connections", "N", "open ones of each worker; 0: no limit", false,
     set_connections<&options::max_connections>},
    {"max-connections-total", "N", "of all workers together; 0: no limit", false,
     set_connections<&options::max_connections_total>},
    {"ready-timeout", "TIME", "a worker must be ready by then", false, set_duration<&options::ready_timeout>},
    {"probe", "PATH", "a worker is ready when this path answers well", false, set_probe},
    {"drain-timeout", "TIME", "a leaving worker's time to finish its work", false,
     set_duration<&options::drain_timeout>},
    {"kill-timeout", "TIME", "between TERM and KILL for a worker that stays", false,
     set_duration<&options::kill_timeout>},
    {"hang-timeout", "TIME", "a worker that stands still for this long is replaced", false,
     set_duration<&options::hang_timeout>},
    {"request-timeout", "TIME", "the most time for one request; 0: no limit", false,
     set_duration<&options::request_timeout>},
    {"max-requests", "N", "a worker is replaced after so many requests; 0: never", false, set_max_requests},
    {"max-age", "TIME", "a worker is replaced at this age; 0: never", false, set_duration<&options::max_age>},
    {"max-rss", "SIZE", "a worker is replaced when it takes this much memory", false,
     set_memory<&options::max_rss>},
    {"max-rss-hard", "SIZE", "a worker that takes this much is ended at once", false,
     set_memory<&options::max_rss_hard>},
    {"user", "NAME", "the workers' user, taken on after binding", false, set_text<&options::user>},
    {"group", "NAME", "the workers' group", false, set_text<&options::group>},
    {"pid-file", "FILE", "holds the supervisor's pid while it runs", false, set_text<&options::pid_file>},
    {"control", "PATH|off", "socket for clusterctl; off: none", false, set_text<&options::control>},
    {"admin", "URI", "metrics and probes for everybody, read-only", false, set_text<&options::admin>},
    {"logs", "inherit|capture", "workers' output; capture: for clusterctl logs", false, set_logs},
    {"log-file", "FILE", "all output goes there; opened again at SIGUSR1", false,
     set_text<&options::log_file>},
    {"rendezvous", "FILE|off", "where workers find the next supervisor after a crash", false,
     set_text<&options::rendezvous>},
    {"orphan-timeout", "TIME", "how long they look for it", false, set_duration<&options::orphan_timeout>},
    {"keeper", "on|off", "a parent that starts the supervisor again when it dies", false,
     set_switch<&options::keeper>},
    {"log-level", "LEVEL", "debug, info, warning, error or off", false, set_log_level},
    {"log-format", "FORMAT", "text or json", false, set_log_format},
    {"working-directory", "FOLDER", "", false, set_text<&options::working_directory>},
    {"worker-output", "FILE", "", false, set_text<&options::worker_output>},
    {"launcher", "WORDS", "", true, set_launcher},
    {"output-prefix", "on|off", "", false, set_switch<&options::output_prefix>},
    {"error-file", "FILE", "", false, set_text<&options::error_file>},
    {"trusted-proxies", "NETWORK", "", true, set_trusted_proxies},
    {"forwarded", "off|forwarded|x-forwarded", "", false, set_forwarded},
    {"tls-clients", "off|optional|required", "", false, set_tls_clients},
    {"tls-client-ca", "FILE", "", false, set_tls_client_ca},
    {"tls-minimum", "1.2|1.3", "", false, set_tls_minimum},
    {"tls-ticket-rotation", "TIME", "", false, set_tls_tickets},
    {"backlog", "N", "", false, set_backlog},
    {"nice", "N", "", false, set_whole<&options::nice, -20, 19>},
    {"oom-score", "N", "", false, set_whole<&options::oom_score, -1000, 1000>},
    {"cpu-affinity", "on|off", "", false, set_switch<&options::cpu_affinity>},
    {"no-new-privileges", "on|off", "", false, set_switch<&options::no_new_privileges>},
    {"hang-core", "on|off", "", false, set_switch<&options::hang_core>},
    {"restart-initial-delay", "TIME", "", false,
     set_duration<&options::restart, &restart_policy::initial_delay>},
    {"restart-max-delay", "TIME", "", false, set_duration<&options::restart, &restart_policy::max_delay>},
    {"restart-min-uptime", "TIME", "", false, set_duration<&options::restart, &restart_policy::min_uptime>},
    {"restart-window", "TIME", "", false, set_duration<&options::restart, &restart_policy::window>},
    {"restart-rest", "TIME", "", false, set_duration<&options::restart, &restart_policy::rest>},
    {"restart-max-failures", "N", "", false, set_restart_count<&restart_policy::max_failures>},
    {"restart-max-failures-cluster", "N", "", false,
     set_restart_count<&restart_policy::max_failures_cluster>},
    {"reload-max-surge", "N", "", false, set_reload_count<&reload_options::max_surge>},
    {"reload-max-unavailable", "N", "", false, set_reload_count<&reload_options::max_unavailable>},
    {"reload-pause", "TIME", "", false, set_duration<&options::reload, &reload_options::pause>},
    {"reload-soak", "TIME", "", false, set_duration<&options::reload, &reload_options::soak>},
    {"reload-rollback", "on|off", "", false, set_rollback},
    {"no-restart-codes", "N", "", true, set_no_restart_codes},
};

}  // namespace

std::span<const setting> settings() { return table; }

std::string environment_name(std::string_view setting_name) {
  std::string name = "CLUSTER_";
  for (const char c : setting_name)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

complaint assign(options& into, const setting& one, const std::string& where,
                 const std::vector<std::string>& given) {
  if (const auto accepted = one.apply(into, given)) {
    std::string shown;
    for (const std::string& each : given) shown += (shown.empty() ? "" : ",") + each;
    return where + ": '" + shown + "' is not " + *accepted;
  }
  return std::nullopt;
}

// Several values of one variable are separated by commas.
complaint read_environment(options& into) {
  for (const setting& one : settings()) {
    const std::string name = environment_name(one.name);
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) continue;
    std::vector<std::string> given;
    std::string_view rest = value;
    while (one.repeatable && rest.find(',') != rest.npos) {
      given.emplace_back(rest.substr(0, rest.find(',')));
      rest.remove_prefix(rest.find(',') + 1);
    }
    given.emplace_back(rest);
    if (auto bad = assign(into, one, name, given)) return bad;
  }
  return std::nullopt;
}

}  // namespace cluster::run_detail
