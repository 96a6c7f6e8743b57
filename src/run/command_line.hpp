// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/options.hpp>

#include <string>

namespace cluster::run_detail {

/// What the command line, the environment and the configuration file come to.
struct command {
  enum class what { serve, check, print, refuse };

  what to_do = what::serve;
  options settings;
  std::string text;  ///< print: for stdout; refuse: one line for stderr
};

/// Reads file, environment and flags, each over the one before, over `defaults`. Everything from `--` on
/// is the program's own.
command read_command(int argc, const char* const* argv, const options& defaults);

}  // namespace cluster::run_detail
