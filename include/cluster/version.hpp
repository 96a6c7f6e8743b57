// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>

/// The one place where the version lives; the build files read it from here.
#define CLUSTER_VERSION_MAJOR 0
#define CLUSTER_VERSION_MINOR 1
#define CLUSTER_VERSION_PATCH 0
#define CLUSTER_VERSION_STRING "0.1.0"
#define CLUSTER_VERSION (CLUSTER_VERSION_MAJOR * 10000 + CLUSTER_VERSION_MINOR * 100 + CLUSTER_VERSION_PATCH)

namespace cluster {

/// The version of the linked library, as CLUSTER_VERSION_STRING was when it was built; differs from
/// the macro when headers and library do not match.
CLUSTER_API const char* version() noexcept;

}  // namespace cluster
