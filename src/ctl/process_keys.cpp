// SPDX-License-Identifier: BSL-1.0
// The keys of an app in a process file, in one table: what each accepts and where it goes.
#include "ctl/process_file.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <charconv>

namespace cluster::ctl {
namespace {

using boost::json::value;
using wanted = std::optional<std::string>;

std::string string_of(const value& from) { return {from.get_string().data(), from.get_string().size()}; }

std::optional<std::int64_t> whole(const value& from) {
  if (from.is_int64()) return from.get_int64();
  if (!from.is_string()) return std::nullopt;
  const std::string digits = string_of(from);
  std::int64_t number = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || ec != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

template <auto Member>
wanted text(app& into, const value& from) {
  if (!from.is_string() || from.get_string().empty()) return "a string that is not empty";
  into.*Member = string_of(from);
  return std::nullopt;
}

std::optional<std::vector<std::string>> strings(const value& from) {
  if (!from.is_array()) return std::nullopt;
  std::vector<std::string> all;
  for (const value& each : from.get_array()) {
    if (!each.is_string()) return std::nullopt;
    all.push_back(string_of(each));
  }
  return all;
}

template <auto Member>
wanted words(app& into, const value& from) {
  auto all = from.is_string() ? split_words(string_of(from)) : strings(from);
  if (!all) return "a string or an array of strings";
  into.*Member = std::move(*all);
  return std::nullopt;
}

template <auto Member>
wanted flag(app& into, const value& from) {
  if (!from.is_bool()) return "true or false";
  into.*Member = from.get_bool();
  return std::nullopt;
}

template <auto Member>
wanted time(app& into, const value& from) {
  const auto parsed = read_time(from);
  if (!parsed) return "a number of milliseconds, or a time such as \"3s\"";
  into.*Member = *parsed;
  return std::nullopt;
}

wanted name(app& into, const value& from) {
  const bool fine = from.is_string() && !from.get_string().empty() && from.get_string().size() <= 64 &&
                    std::all_of(from.get_string().begin(), from.get_string().end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             c == '-' || c == '_' || c == '.';
                    });
  if (!fine || string_of(from) == "all") return "1 to 64 letters, digits, '-', '_' or '.', and not \"all\"";
  into.name = string_of(from);
  return std::nullopt;
}

wanted env(app& into, const value& from) {
  constexpr const char* right = "an object of names with strings, numbers, true or false";
  if (!from.is_object()) return right;
  for (const auto& each : from.get_object()) {
    const std::string key(each.key());
    if (key.empty() || key.find('=') != key.npos) return right;
    if (each.value().is_string()) into.env.emplace_back(key, string_of(each.value()));
    else if (each.value().is_bool()) into.env.emplace_back(key, each.value().get_bool() ? "true" : "false");
    else if (each.value().is_int64()) into.env.emplace_back(key, std::to_string(each.value().get_int64()));
    else return right;
  }
  return std::nullopt;
}

wanted listen(app& into, const value& from) {
  const value list = from.is_array() ? from : value(boost::json::array{from});
  for (const value& each : list.get_array()) {
    if (const auto port = whole(each); port && *port >= 0 && *port <= 65535)
      into.listen.push_back(std::to_string(*port));
    else if (each.is_string() && !each.get_string().empty()) into.listen.push_back(string_of(each));
    else return "a port, an address such as \"0.0.0.0:3000\" or \"unix:/run/api.sock\", or an array of them";
  }
  return std::nullopt;
}

wanted instances(app& into, const value& from) {
  const auto number = whole(from);
  if (from.is_string() && from.get_string() == "max") into.instances = instance_count{0, true};
  else if (!number || *number > 1024 || *number < -1023)
    return "a number from 1 to 1024, \"max\" or 0 (one for each CPU), or -N (N less than CPUs)";
  else if (*number <= 0) into.instances = instance_count{static_cast<std::size_t>(-*number), true};
  else into.instances = instance_count{static_cast<std::size_t>(*number), false};
  return std::nullopt;
}

wanted exec_mode(app& into, const value& from) {
  const std::string mode = from.is_string() ? string_of(from) : "";
  if (mode != "cluster" && mode != "cluster_mode" && mode != "fork" && mode != "fork_mode")
    return "\"cluster\" (instances share the port) or \"fork\"";
  into.shared = mode.starts_with('c');
  return std::nullopt;
}

wanted max_memory(app& into, const value& from) {
  const auto size = read_size(from);
  if (!size || *size < 1024 * 1024) return "a size of at least 1M, such as \"300M\", or a number of bytes";
  into.max_memory = *size;
  return std::nullopt;
}

wanted max_restarts(app& into, const value& from) {
  const auto number = whole(from);
  if (!number || *number < 0 || *number > 1'000'000) return "a number from 0 (no limit) to 1000000";
  into.max_restarts = static_cast<std::size_t>(*number);
  return std::nullopt;
}

wanted stop_exit_codes(app& into, const value& from) {
  const value list = from.is_array() ? from : value(boost::json::array{from});
  for (const value& each : list.get_array()) {
    const auto code = each.is_int64() ? whole(each) : std::nullopt;
    if (!code || *code < 0 || *code > 255) return "an exit code from 0 to 255, or an array of them";
    into.stop_exit_codes.push_back(static_cast<int>(*code));
  }
  return std::nullopt;
}

wanted watch(app& into, const value& from) {
  if (from.is_bool()) {
    into.watch = from.get_bool();
    return std::nullopt;
  }
  auto paths = strings(from);
  if (!paths || paths->empty()) return "true, false or an array of paths";
  into.watch = true;
  into.watch_paths = std::move(*paths);
  return std::nullopt;
}

template <auto Member>
wanted account(app& into, const value& from) {
  if (const auto number = whole(from); number && *number >= 0) into.*Member = std::to_string(*number);
  else if (from.is_string() && !from.get_string().empty()) into.*Member = string_of(from);
  else return "a name or a number";
  return std::nullopt;
}

}  // namespace

const std::vector<app_key>& app_keys() {
  static const std::vector<app_key> all{
      {"name", name},
      {"script", text<&app::script>},
      {"args", words<&app::args>},
      {"cwd", text<&app::cwd>},
      {"interpreter", text<&app::interpreter>},
      {"interpreter_args", words<&app::interpreter_args>},
      {"node_args", words<&app::interpreter_args>},
      {"env", env},
      {"listen", listen},
      {"instances", instances},
      {"exec_mode", exec_mode},
      {"built_on_cluster", flag<&app::built_on_cluster>},
      {"max_memory_restart", max_memory},
      {"wait_ready", flag<&app::wait_ready>},
      {"listen_timeout", time<&app::listen_timeout>},
      {"kill_timeout", time<&app::kill_timeout>},
      {"max_restarts", max_restarts},
      {"min_uptime", time<&app::min_uptime>},
      {"exp_backoff_restart_delay", time<&app::backoff>},
      {"stop_exit_codes", stop_exit_codes},
      {"out_file", text<&app::out_file>},
      {"error_file", text<&app::error_file>},
      {"uid", account<&app::user>},
      {"gid", account<&app::group>},
      {"watch", watch},
  };
  return all;
}

std::string_view why_refused(std::string_view key) {
  if (key == "cron_restart" || key == "cron")
    return "nothing is restarted by the clock; let a timer run 'clusterctl reload NAME', which loses no "
           "request";
  if (key == "autorestart")
    return "workers that end are always replaced; stop_exit_codes names the exit codes that end one for good";
  if (key == "merge_logs" || key == "combine_logs") return "all instances write to one file, always";
  if (key == "ignore_watch") return "list what is to be watched in 'watch' instead";
  if (key == "exec") return "it is called 'script' here";
  if (key == "port") return "it is called 'listen' here";
  return {};
}

}  // namespace cluster::ctl
