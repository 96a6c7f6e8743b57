// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace cluster::ctl {

struct check_options {
  std::vector<std::string> program;  ///< path and arguments, as after `--`
  int timeout_seconds = 30;
  bool json = false;
};

/// The arguments with `--check` among the standard flags: before the program's own, which follow `--`.
std::vector<std::string> with_check_flag(std::vector<std::string> arguments);

/// Runs the program with --check, says what its exit code means, and returns the same code.
int run_check(const check_options&);

}  // namespace cluster::ctl
