// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace cluster::os {

/// The service manager's ear: datagrams to the socket that NOTIFY_SOCKET names (a path, or '@' and an
/// abstract name). Without one everything is silently nothing.
class service_manager {
 public:
  /// As the environment says, and only if it is meant for this process.
  service_manager();

  bool listens() const noexcept { return !address_.empty(); }
  /// "READY=1\nSTATUS=...": a line an assignment. Never blocks; what cannot be sent is lost.
  void tell(std::string_view assignments) const noexcept;
  /// How often it wants to hear WATCHDOG=1 at the least; zero: never.
  std::chrono::microseconds watchdog() const noexcept { return watchdog_; }

  /// How many descriptors it keeps for this process (FDSTORE); zero: none. Zero as well for a process that it
  /// has not started itself: what is kept would be passed to another one.
  std::size_t store_size() const noexcept { return store_size_; }
  /// Gives it a copy of a descriptor to keep under a name; one that it has already is not kept twice. Waits
  /// for room for up to a second. What came of it the manager does not say.
  error_code store(int fd, std::string_view name) const noexcept;
  /// It is to close what it keeps under that name.
  void forget(std::string_view name) const noexcept;
  /// Waits until it has done all that it was told, for two seconds at most; false if it has not.
  bool wait_until_done() const noexcept;

 private:
  error_code send(std::string_view assignments, int along) const noexcept;

  std::string address_;
  std::chrono::microseconds watchdog_{0};
  std::size_t store_size_ = 0;
};

}  // namespace cluster::os
