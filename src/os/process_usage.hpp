// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <sys/types.h>

namespace cluster::os {

/// What a process uses of the machine, as /proc says.
struct process_usage {
  std::chrono::microseconds cpu{0};  ///< user and system time, with children that were waited for
  std::uint64_t rss = 0;             ///< resident memory, octets
};

/// Nothing if there is no such process. A zombie has its times still, and no memory.
std::optional<process_usage> read_usage(pid_t pid);

/// Resident memory with shared pages divided among those who share them. Walks the page tables: takes
/// the longer the more is mapped.
std::optional<std::uint64_t> read_proportional_memory(pid_t pid);

}  // namespace cluster::os
