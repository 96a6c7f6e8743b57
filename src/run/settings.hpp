// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/options.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cluster::run_detail {

/// One thing that can be set, by flag, environment and configuration file alike.
struct setting {
  std::string_view name;      ///< "drain-timeout": --drain-timeout, CLUSTER_DRAIN_TIMEOUT, file key
  std::string_view argument;  ///< "TIME", as --help shows it
  std::string_view help;      ///< empty: not a flag, for file and environment only
  bool repeatable;
  /// Sets it from text; on failure returns what would be accepted.
  std::optional<std::string> (*apply)(options&, const std::vector<std::string>& values);
};

/// All of them, in the order of --help.
std::span<const setting> settings();

/// "drain-timeout" -> "CLUSTER_DRAIN_TIMEOUT".
std::string environment_name(std::string_view setting_name);

/// One complaint, one line: where it was found, what was found, what would be right.
using complaint = std::optional<std::string>;

/// Sets `one` from `values`; `where` names the flag, variable or key.
complaint assign(options& into, const setting& one, const std::string& where,
                 const std::vector<std::string>& values);

complaint read_environment(options& into);
complaint read_file(options& into, const std::string& path);

}  // namespace cluster::run_detail
