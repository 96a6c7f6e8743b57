// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace cluster::http {

/// The address at the other end of a socket: "192.0.2.1:4711", "[2001:db8::1]:4711", "unix", or empty if
/// there is none. An IPv4 address in an IPv6 socket is shown as IPv4.
std::string peer_name(int fd);

}  // namespace cluster::http
