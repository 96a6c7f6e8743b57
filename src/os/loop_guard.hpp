// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/statistics_page.hpp"
#include "os/system_error.hpp"

#include <chrono>
#include <memory>

namespace cluster::os {

/// What can still be done in a process whose event loop stands, from a signal handler and without a thread.
///
/// It ends the process when the loop has stood for the limit while nobody was there to see it: the other end
/// of the channel was closed. Time in which the process was stopped or got no CPU does not count. And it
/// writes down where a thread is when another process asks for it by the signal whose number is in the page.
///
/// One in a process. The signal is delivered at a request, and while the loop stands; as long as it turns,
/// nothing is interrupted.
class loop_guard {
 public:
  loop_guard() = default;
  loop_guard(const loop_guard&) = delete;
  loop_guard& operator=(const loop_guard&) = delete;
  ~loop_guard() { stop(); }

  /// `beat`: how often turned() is called if the loop turns. Refused if the signal is in use already.
  failure start(std::shared_ptr<statistics_page> page, std::chrono::milliseconds limit,
                std::chrono::milliseconds beat);
  explicit operator bool() const noexcept { return page_ != nullptr; }

  /// The channel to the supervisor; -1: it is known to be gone.
  void watch_channel(int fd) noexcept;
  /// Another limit from now on.
  void change(std::chrono::milliseconds limit, std::chrono::milliseconds beat) noexcept;
  /// The loop turns. A system call now and then, a few times in the limit.
  void turned() noexcept;
  void stop() noexcept;

 private:
  void arm() noexcept;

  std::shared_ptr<statistics_page> page_;
  std::chrono::nanoseconds first_{0};  ///< without a turn, until the first look
  std::chrono::nanoseconds step_{0};   ///< between looks after that
  std::chrono::steady_clock::time_point armed_{};
};

}  // namespace cluster::os
