// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/launch.hpp"
#include "os/system_error.hpp"
#include "os/unique_fd.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cluster::os {

/// A process that was started with listening sockets by somebody who is gone.
struct left_behind {
  launched_process process;
  std::vector<unique_fd> listeners;  ///< copies of its own
  std::vector<std::string> names;    ///< of these, as it was told
};

/// Takes hold of the process that has had this pid since then. The sockets come only if we may look into it
/// (same user, and the system allows that; or root): without them there is no error, and none in `out`.
failure take_hold(pid_t pid, std::uint64_t start, left_behind& out);

/// A copy of the socket by which a held process listens at `uri`, as describe_listener() says it; empty if it
/// has none, or if we may not look into it.
unique_fd copy_listener(const launched_process& of, const std::string& uri);

}  // namespace cluster::os
