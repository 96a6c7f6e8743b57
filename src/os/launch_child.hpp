// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/launch.hpp"

#include <cstddef>

namespace cluster::os {

/// How the child says at which stage it failed; lies in memory that both processes see.
struct child_report {
  const char* stage = nullptr;  ///< a string literal, so the pointer is valid on both sides
  int error = 0;
};

/// All that the child needs, as plain pointers into memory that the parent prepared.
struct child_work {
  const char* executable = nullptr;
  int executable_fd = -1;
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  const inherited_descriptor* descriptors = nullptr;
  std::size_t descriptor_count = 0;
  int* lifted = nullptr;  ///< scratch, one for each descriptor
  int highest_target = 2;
  const identity* run_as = nullptr;
  bool raise_open_files = true;
  const int* nice = nullptr;
  const char* oom_score = nullptr;  ///< as text
  std::size_t oom_score_length = 0;
  const void* cpus = nullptr;  ///< a cpu_set_t
  std::size_t cpus_size = 0;
  bool no_new_privileges = false;
  const char* working_directory = nullptr;
  child_report* report = nullptr;
};

/// The child between clone and exec. It may share the parent's memory, so it makes raw system calls only:
/// no allocation, no lock, no libc state but errno. Never returns to the parent's frames.
int run_child(void* work);

}  // namespace cluster::os
