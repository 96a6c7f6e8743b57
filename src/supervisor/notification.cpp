// SPDX-License-Identifier: BSL-1.0
#include "supervisor/notification.hpp"

namespace cluster {

notification parse_notification(std::string_view text) {
  constexpr std::size_t longest_status = 200;
  constexpr std::string_view status = "STATUS=";
  notification result;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line == "READY=1") result.ready = true;
    else if (line == "STOPPING=1") result.stopping = true;
    else if (line == "WATCHDOG=1") result.alive = true;
    else if (line == "WATCHDOG=trigger") result.trouble = true;
    else if (line.starts_with(status)) result.status = line.substr(status.size(), longest_status);
  }
  return result;
}

}  // namespace cluster
