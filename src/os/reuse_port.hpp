// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"
#include "os/unique_fd.hpp"

#include <cstddef>
#include <span>

namespace cluster::os {

/// Whether other sockets may listen on the same address and port.
bool shares_port(int fd);

/// Another socket that listens where this one does; both must share their port. The kernel shares new
/// connections out among all of them. They count from 0 in the order in which they began to listen, until one
/// is closed.
error_code listen_beside(int fd, int backlog, unique_fd& out);

/// From now on new connections go only to these of the group, by chance and all alike. Those that wait in
/// another one's queue stay there. `fd` is any socket of the group; not empty.
error_code steer(int fd, std::span<const std::size_t> to);

/// The opposite: to all of them.
void unsteer(int fd) noexcept;

}  // namespace cluster::os
