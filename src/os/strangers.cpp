// SPDX-License-Identifier: BSL-1.0
#include "os/strangers.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace cluster::os {

bool inherits_orphans() {
  int subreaper = 0;
  return ::getpid() == 1 || (::prctl(PR_GET_CHILD_SUBREAPER, &subreaper) == 0 && subreaper != 0);
}

// From the list of children, one by one: a wait for any child would stop at the first ended one of ours.
void reap_strangers(const std::vector<pid_t>& ours) {
  std::error_code ec;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", ec)) {
    std::ifstream children(thread.path() / "children");
    for (pid_t pid = 0; children >> pid;)
      if (std::find(ours.begin(), ours.end(), pid) == ours.end()) ::waitpid(pid, nullptr, WNOHANG);
  }
}

}  // namespace cluster::os
