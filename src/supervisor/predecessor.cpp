// SPDX-License-Identifier: BSL-1.0
// Another supervisor of the same cluster: it lives, and this one leaves; or it has been stopped, which nobody
// may ever undo, and then it is ended before anything else happens. So there are never two that act.
#include "supervisor/impl.hpp"

#include <poll.h>
#include <signal.h>

namespace cluster {
namespace {

constexpr int looks = 20;
constexpr int between_looks = 100;  // ms
constexpr int time_to_end = 60000;  // ms; its files may wait for a disk that others keep busy

// Somebody who only looks at it lets it go on soon.
bool stays_stopped(pid_t pid) {
  for (int i = 0; i < looks; ++i) {
    if (!os::is_stopped(pid)) return false;
    ::poll(nullptr, 0, between_looks);
  }
  return os::is_stopped(pid);
}

}  // namespace

// The notes name it by pid and start, so a stranger is never taken for it.
os::failure supervisor::impl::outlive_predecessor() {
  const auto pid = static_cast<pid_t>(kept.supervisor);
  if (kept.supervisor_start == 0 || pid == ::getpid()) return {};
  const os::unique_fd process = os::hold_process(pid);
  if (!process || os::start_of_process(pid) != kept.supervisor_start) return {};
  const os::failure owned{make_error_code(error::owned_elsewhere),
                          "another supervisor owns this cluster: process " + std::to_string(pid)};
  if (!stays_stopped(pid)) return owned;
  settings.log(log_level::warning, "the supervisor of before (process " + std::to_string(pid) +
                                       ") is stopped and does nothing; it is ended, and this one takes over");
  os::signal_process(process.get(), SIGKILL);
  pollfd gone{process.get(), POLLIN, 0};
  return ::poll(&gone, 1, time_to_end) == 1 ? os::failure{} : owned;
}

}  // namespace cluster
