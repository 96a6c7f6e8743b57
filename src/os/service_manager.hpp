// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
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

 private:
  std::string address_;
  std::chrono::microseconds watchdog_{0};
};

}  // namespace cluster::os
