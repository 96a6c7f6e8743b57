// SPDX-License-Identifier: BSL-1.0
// What the kernel says of a process.
#pragma once

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

namespace cluster::test {

/// The fields of /proc/PID/stat behind the name, which may hold anything; the first is the state. Empty: no
/// process.
inline std::istringstream stat_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto end = line.rfind(')');
  return std::istringstream(end == line.npos ? std::string() : line.substr(end + 1));
}

/// As in proc(5): R, S, D, T, t, Z, X; '?' if there is no such process.
inline char state_of(int pid) {
  char state = '?';
  stat_of(pid) >> state;
  return state;
}

/// CPU time so far, in hundredths of a second.
inline long ticks_of(int pid) {
  std::istringstream fields = stat_of(pid);
  std::string skipped;
  for (int i = 0; i < 12; ++i) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return user + system;
}

/// Of a normal thread: its slice of processor time in nanoseconds, by sched_getattr(2); 0 before Linux 6.12.
inline std::uint64_t slice_of(int pid) {
  std::array<std::byte, 48> attributes{};
  if (::syscall(SYS_sched_getattr, pid, attributes.data(), attributes.size(), 0) != 0) return 0;
  std::uint64_t runtime = 0;
  std::memcpy(&runtime, attributes.data() + 24, sizeof runtime);
  return runtime;
}

inline int nice_of(int pid) { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(pid)); }

}  // namespace cluster::test
