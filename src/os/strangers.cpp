// SPDX-License-Identifier: BSL-1.0
#include "os/strangers.hpp"

#include "common/text.hpp"
#include "os/text_file.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

namespace cluster::os {

bool inherits_orphans() {
  int subreaper = 0;
  return ::getpid() == 1 || (::prctl(PR_GET_CHILD_SUBREAPER, &subreaper) == 0 && subreaper != 0);
}

// From the list of children, one by one: a wait for any child would stop at the first ended one of ours.
void reap_strangers(const std::vector<pid_t>& ours) {
  std::error_code ec;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", ec)) {
    const std::string children = read_text_file((thread.path() / "children").string()).value_or("");
    std::string_view left = children;
    while (const auto number = parse_number(take_word(left)))
      if (const auto pid = static_cast<pid_t>(*number);
          std::find(ours.begin(), ours.end(), pid) == ours.end())
        ::waitpid(pid, nullptr, WNOHANG);
  }
}

}  // namespace cluster::os
