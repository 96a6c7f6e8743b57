// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Marks what a shared build of the library makes visible; empty in a static build.
#if defined(CLUSTER_SHARED)
#define CLUSTER_API __attribute__((visibility("default")))
#else
#define CLUSTER_API
#endif
