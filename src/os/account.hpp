// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/launch.hpp"

#include <string>

namespace cluster::os {

/// Looks a user and a group up, each by name or number. A user without a group brings its own groups
/// along. The detail names what was not found, or that privileges are missing.
failure resolve_identity(const std::string& user, const std::string& group, identity& out);

}  // namespace cluster::os
