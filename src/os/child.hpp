// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/launch.hpp"

#include <cluster/types.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace cluster::os {

/// A started child: waits for its end through the pidfd and signals it through the pidfd, so neither can
/// hit a stranger that got the same pid, and no other child of the host is ever waited for.
class child {
 public:
  child(const boost::asio::any_io_executor& executor, launched_process process);
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  pid_t pid() const noexcept { return pid_; }
  int pidfd() noexcept { return pidfd_.native_handle(); }

  /// Calls `done` once, on the executor, with what the kernel says; kind::unknown if the status was
  /// taken away (the host ignores SIGCHLD, or waited for any child). Not called after destruction.
  void wait(std::function<void(exit_status)> done);

  /// False if the process is gone.
  bool signal(int number) noexcept;

  /// CPU time of the process and of the children it waited for; known once wait() has called `done`.
  std::chrono::microseconds cpu_time() const noexcept { return cpu_time_; }

 private:
  pid_t pid_;
  boost::asio::posix::basic_stream_descriptor<boost::asio::any_io_executor> pidfd_;
  std::shared_ptr<const void> alive_ = std::make_shared<char>();
  std::chrono::microseconds cpu_time_{0};
};

/// Through the process's own descriptor; false if it is gone.
bool signal_process(int pidfd, int number) noexcept;

/// Collects the status of an ended child without blocking; false while it still runs. With `cpu` also
/// the CPU time that it used.
bool collect_status(int pidfd, exit_status& out, std::chrono::microseconds* cpu = nullptr);

}  // namespace cluster::os
