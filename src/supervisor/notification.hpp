// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cluster {

/// What one notification of a foreign worker says. The last one of its kind counts; what is not known here is
/// for other managers.
struct notification {
  bool ready = false;
  bool stopping = false;
  bool alive = false;    ///< WATCHDOG=1
  bool trouble = false;  ///< WATCHDOG=trigger: it asks to be taken for hung
  std::string status;    ///< at most 200 octets
};

/// Lines of NAME=value.
notification parse_notification(std::string_view text);

}  // namespace cluster
