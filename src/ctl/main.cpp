// SPDX-License-Identifier: BSL-1.0
#include "ctl/command_line.hpp"
#include "ctl/supervise.hpp"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (cluster::ctl::is_inner_command(arguments)) return cluster::ctl::inner_command(argc, argv);
  return cluster::ctl::main(arguments);
}
