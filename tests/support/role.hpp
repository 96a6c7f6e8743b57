// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace cluster::test {

/// A second life for a test program: started again with `--role NAME ...`, it runs `main` in place of
/// the tests. So a test of processes carries its own worker and needs no other program.
///
///   static int echo(int argc, char** argv) { ... }               // argv[0] is the program,
///   static const cluster::test::role as_echo{"echo", echo};      // argv[1..] what follows NAME
struct role {
  using main_function = int (*)(int argc, char** argv);

  role(const char* name, main_function main) noexcept;

  const char* name;
  main_function main;
  const role* next;
};

}  // namespace cluster::test
