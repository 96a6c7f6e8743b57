// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"

#include <string>

namespace cluster::os {

/// Makes a path that can be exec'ed from any working directory and that still means what the user
/// wrote: symbolic links in it are kept, so a release folder that is switched later is followed. An empty
/// `path` means this program, as it was started.
failure locate_executable(const std::string& path, std::string& out);

}  // namespace cluster::os
