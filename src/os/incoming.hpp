// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"
#include "os/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace cluster::os {

struct incoming {
  unique_fd fd;         ///< non-blocking and close-on-exec
  std::string address;  ///< of the peer, without its port; empty for a Unix socket
  std::uint16_t port = 0;
};

/// Takes one connection from a listening socket. would_block: there is none.
error_code accept_connection(int listening, incoming& out);

/// Whether the failure is of this process and will pass: no descriptor or no memory is left. Otherwise it is
/// of the connection that was to come, and the next one may be taken.
bool is_shortage(const error_code& ec) noexcept;

/// Looks at the first octets and leaves them where they are. 0 octets: the peer will send no more.
error_code peek(int connected, std::span<char> into, std::size_t& size);

/// From now on the connection counts as readable only with so many octets (or its end); 1 is as usual.
void readable_from(int connected, std::size_t octets) noexcept;

}  // namespace cluster::os
