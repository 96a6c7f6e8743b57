// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "http/deadline_wheel.hpp"
#include "http/edge.hpp"
#include "http/exchange.hpp"
#include "http/file_part.hpp"
#include "http/poll_set.hpp"
#include "wire/byte_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace cluster::http {

/// Where a connection is. In `idle` and `head` it is at a request boundary: nothing of it is anywhere but
/// in the socket and in `unread`, so it can move to another process.
enum class phase : std::uint8_t {
  idle,       ///< between two requests
  head,       ///< part of a header section is there
  body,       ///< a request is there but for (some of) its content
  handling,   ///< a coroutine makes the answer
  sending,    ///< a file makes up the content of an answer
  closing,    ///< the last answer is on its way out
  lingering,  ///< it is out; what still comes in is dropped
  arriving,   ///< before the first request: the handshake of TLS
  dead        ///< closed; the object waits until nothing points to it any more
};

/// One client. Kept small: an idle one has no buffers.
struct connection : poll_target, wheel_entry {
  connection() : poll_target{kind::connection} {}

  int fd = -1;
  phase at = phase::idle;
  bool readable = false;                 ///< the socket may have octets that were not looked at
  bool backlog = false;                  ///< `unread` may hold complete requests
  bool watched = false;                  ///< in the epoll set
  bool newcomer = false;                 ///< and there as one of those
  bool asked = false;                    ///< it has had a request
  bool queued = false;                   ///< in the queue of connections with work left
  bool linger = false;                   ///< at the end, wait for the client's side
  bool ending = false;                   ///< the end of the stream is in the socket
  bool expired = false;                  ///< its time is up and it is looked at once more
  bool stays = false;                    ///< its state cannot go along, so it does not move
  std::size_t scanned = 0;               ///< of `unread`, by the head reader
  std::uint64_t dropped = 0;             ///< octets, while lingering
  std::uint64_t limit = never;           ///< end of the phase head, body, lingering or arriving
  std::uint64_t progress_limit = never;  ///< in body: until then the next so many octets of it
  std::size_t progress = 0;              ///< how many of these have come
  wire::byte_buffer unread;              ///< octets received and not used yet
  wire::byte_buffer unsent;              ///< octets of answers that the socket did not take yet
  std::unique_ptr<exchange> current;     ///< in body and handling
  std::unique_ptr<file_sending> file;    ///< in sending
  belongings own;                        ///< what its requests see of it
  connection* next_open = nullptr;
  connection* previous_open = nullptr;

  bool at_boundary() const noexcept { return at == phase::idle || at == phase::head; }
  bool may_read() const noexcept { return (at_boundary() || at == phase::body) && unsent.empty(); }
};

}  // namespace cluster::http
