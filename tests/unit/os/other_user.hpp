// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <functional>
#include <thread>

namespace cluster::test {

/// Runs `work` without privileges: as it is for an ordinary user, for root on a thread of its own that
/// has become nobody (by raw system calls, which change this one thread only). False if that is refused.
inline bool without_privileges(const std::function<void()>& work) {
  if (::geteuid() != 0) {
    work();
    return true;
  }
  bool changed = false;
  std::thread thread([&] {
    constexpr unsigned nobody = 65534;
    changed = ::syscall(SYS_setresgid, nobody, nobody, nobody) == 0 &&
              ::syscall(SYS_setresuid, nobody, nobody, nobody) == 0;
    if (changed) work();
  });
  thread.join();
  // The change of identity made the process as a whole closed to debuggers and leak checkers.
  ::prctl(PR_SET_DUMPABLE, 1);
  return changed;
}

}  // namespace cluster::test
