// SPDX-License-Identifier: BSL-1.0
#include "ctl/command_line.hpp"

int main(int argc, char** argv) { return cluster::ctl::main({argv + 1, argv + argc}); }
