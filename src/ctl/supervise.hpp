// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ctl/process_file.hpp"

#include <string>
#include <utility>
#include <vector>

namespace cluster::ctl {

/// What an app runs, found on this machine.
struct found_program {
  std::string executable;
  std::vector<std::string> arguments;
  bool built_on_cluster = false;
  std::string problem;  ///< why there is none: "script: ..."
};

/// The interpreter is the one that was named, or that of the script's ending; "none": none.
found_program find_app_program(const app&);

/// Whether a program is built on the library: looks into the file, runs nothing.
bool looks_built_on_cluster(const std::string& path);

/// What the environment says to a program with a supervisor of its own.
std::vector<std::pair<std::string, std::string>> environment_of(const app&);

/// Where an app's output goes; empty: nowhere. The second one only if errors go elsewhere.
std::string log_file_of(const app&);
std::string error_file_of(const app&);
/// Where exp_backoff_restart_delay ends that begins there.
std::chrono::milliseconds longest_backoff(std::chrono::milliseconds first);

/// This program started itself: `clusterctl -- supervise daemon|attached FILE NAME`, or `clusterctl -- watch
/// SOCKET PATHS...`.
bool is_inner_command(const std::vector<std::string>& arguments);
int inner_command(int argc, char** argv);

/// Runs one app in this process: supervises it, or becomes it if it has a supervisor of its own.
int supervise(const std::string& file, const std::string& name, int argc, char** argv);

/// Of this program.
std::string own_path();

/// Asks the cluster at that socket for a reload whenever something below these paths has changed.
int watch_paths(const std::string& socket, const std::vector<std::string>& paths);

}  // namespace cluster::ctl
