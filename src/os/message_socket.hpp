// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"
#include "os/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cluster::os {

/// The kernel's limit of descriptors in one message (SCM_MAX_FD).
inline constexpr std::size_t max_descriptors = 253;

/// A connected pair of seqpacket sockets, non-blocking and close-on-exec.
error_code make_message_pair(unique_fd& one, unique_fd& other);

/// The same of stream sockets, of which only the first does not block.
error_code make_stream_pair(unique_fd& one, unique_fd& other);

/// Sends one message with its descriptors (still the caller's afterwards). Never blocks:
/// would_block means "wait until it is writable"; no_buffer_space that the system has no room (memory, or too
/// many descriptors of this user under way), which the socket does not tell the end of: "wait a while".
error_code send_message(int socket, std::span<const std::byte> data, std::span<const int> descriptors);

struct received_message {
  std::size_t size = 0;
  std::vector<unique_fd> descriptors;
  /// The message was longer than the buffer, or some descriptors were lost (open file limit reached).
  bool truncated = false;
};

/// Receives one message without blocking. would_block: nothing there. channel_closed: the other end is
/// gone and everything it sent has been read. ECONNRESET is skipped: it comes before the last messages
/// of a peer that died with unread input.
error_code receive_message(int socket, std::span<std::byte> buffer, received_message& out);

bool is_message_socket(int fd);

}  // namespace cluster::os
