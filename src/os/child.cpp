// SPDX-License-Identifier: BSL-1.0
#include "os/child.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace cluster::os {

bool collect_status(int pidfd, exit_status& out) {
  siginfo_t info{};
  int result;
  do {
    result = ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG);
  } while (result < 0 && errno == EINTR);
  out = {};
  if (result < 0) return true;  // ECHILD: somebody else has taken the status
  if (info.si_pid == 0) return false;
  if (info.si_code == CLD_EXITED) {
    out.how = exit_status::kind::exited;
    out.code = info.si_status;
  } else {
    out.how = exit_status::kind::signalled;
    out.signal = info.si_status;
    out.core = info.si_code == CLD_DUMPED;
  }
  return true;
}

child::child(const boost::asio::any_io_executor& executor, launched_process process)
    : pid_(process.pid), pidfd_(executor, process.pidfd.release()) {}

void child::wait(std::function<void(exit_status)> done) {
  // On a strand the handler may be queued, with success, while this object goes; then it must not look.
  const std::weak_ptr<const void> alive = alive_;
  pidfd_.async_wait(pidfd_.wait_read, [this, alive, done = std::move(done)](const error_code& ec) mutable {
    if (ec || alive.expired()) return;
    exit_status status;
    if (!collect_status(pidfd_.native_handle(), status)) return wait(std::move(done));
    done(status);
  });
}

bool child::signal(int number) noexcept {
  return ::syscall(SYS_pidfd_send_signal, pidfd_.native_handle(), number, nullptr, 0) == 0;
}

}  // namespace cluster::os
