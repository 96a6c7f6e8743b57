// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cluster::ctl {

/// How many instances: a number, or so many less than there are CPUs ("max": 0 less).
struct instance_count {
  std::size_t number = 1;
  bool below_cpus = false;

  /// At least one, at most 1024.
  std::size_t on(std::size_t cpus) const;
};

/// One program of a process file. What was not said has its default or nothing.
struct app {
  std::string name;
  std::string script;
  std::string cwd;  ///< absolute
  std::string interpreter;
  std::vector<std::string> interpreter_args;
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<std::string> listen;
  std::optional<instance_count> instances;
  std::optional<bool> shared;  ///< exec_mode: cluster or fork
  std::optional<bool> built_on_cluster;
  std::uint64_t max_memory = 0;
  bool wait_ready = false;
  std::optional<std::chrono::milliseconds> listen_timeout;
  std::optional<std::chrono::milliseconds> kill_timeout;
  std::optional<std::chrono::milliseconds> min_uptime;
  std::optional<std::chrono::milliseconds> backoff;
  std::optional<std::size_t> max_restarts;
  std::vector<int> stop_exit_codes;
  std::string out_file;
  std::string error_file;
  std::string user;
  std::string group;
  bool watch = false;
  std::vector<std::string> watch_paths;  ///< empty: the whole of cwd
};

/// A process file, or what is wrong with it: a line each, "FILE: apps[0].instances: 'x' is not ...".
struct process_file {
  std::string path;  ///< absolute
  std::vector<app> apps;
  std::vector<std::string> mistakes;
};

process_file read_process_file(const std::string& path);
/// The same of a text; `path` only names it and says what relative paths are relative to.
process_file parse_process_file(const std::string& text, const std::string& path);

/// One key of an app: how it is taken in. Returns what would be right if the value is not.
struct app_key {
  std::string_view name;
  std::optional<std::string> (*apply)(app&, const boost::json::value&);
};
const std::vector<app_key>& app_keys();
/// A key that other process managers know and this one refuses, with the reason in a sentence.
std::string_view why_refused(std::string_view key);

/// A number is milliseconds; "3s", "500ms", "2m", "24h" say their unit.
std::optional<std::chrono::milliseconds> read_time(const boost::json::value&);
/// A number is bytes; "300M", "1G", "64K" are in powers of 1024.
std::optional<std::uint64_t> read_size(const boost::json::value&);
/// At spaces, unless they are quoted.
std::vector<std::string> split_words(std::string_view text);

}  // namespace cluster::ctl
