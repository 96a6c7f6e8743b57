// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace cluster::ipc {

/// Tells a process that it is a worker, and where its channel is. Removed by the worker at its start, so
/// that grandchildren never think they are workers.
inline constexpr const char* channel_variable = "CLUSTER_CHANNEL_FD";
inline constexpr int channel_descriptor = 3;

}  // namespace cluster::ipc
