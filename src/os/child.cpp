// SPDX-License-Identifier: BSL-1.0
#include "os/child.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace cluster::os {

bool collect_status(int pidfd, exit_status& out, std::chrono::microseconds* cpu) {
  siginfo_t info{};
  rusage used{};
  long result;
  do {
    // The call itself: libc's does not pass the kernel's fifth argument on.
    result = ::syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOHANG, &used);
  } while (result < 0 && errno == EINTR);
  out = {};
  if (result < 0) return true;  // ECHILD: somebody else has taken the status
  if (info.si_pid == 0) return false;
  const auto time = [](const timeval& each) {
    return std::chrono::seconds(each.tv_sec) + std::chrono::microseconds(each.tv_usec);
  };
  if (cpu != nullptr) *cpu = time(used.ru_utime) + time(used.ru_stime);
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
    if (!collect_status(pidfd_.native_handle(), status, &cpu_time_)) return wait(std::move(done));
    done(status);
  });
}

bool child::signal(int number) noexcept { return signal_process(pidfd_.native_handle(), number); }

bool signal_process(int pidfd, int number) noexcept {
  return ::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0) == 0;
}

}  // namespace cluster::os
