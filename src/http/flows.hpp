// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "http/waiter.hpp"
#include "wire/limits.hpp"
#include "wire/response_writer.hpp"

#include <cstdint>
#include <string>

namespace cluster::http {

/// An answer in pieces, of an exchange whose handler makes one.
struct outflow {
  bool started = false;
  bool keep = true;      ///< the connection, afterwards
  bool discard = false;  ///< HEAD and its like: pieces go nowhere
  bool end_on_drain = false;
  bool drained = false;  ///< cancelled for that: the answer ends in good order
  unsigned status = 0;
  std::uint64_t bytes = 0;
  wire::streaming how = wire::streaming::chunked;
  waiter room;  ///< the coroutine, while the client does not keep up
};

/// Content of a request in pieces, of an exchange whose handler reads it so.
struct inflow {
  bool wanted = false;        ///< the handler waits for the next piece
  bool done = false;          ///< all of it has come
  bool continue_due = false;  ///< the client waits to be asked
  bool asked = false;         ///< the handler has asked for a piece
  std::uint64_t asleep = 0;   ///< since when it asks for none; the client's time stands still
  std::string piece;          ///< what the handler has
  wire::refusal why;          ///< status 0: none
  waiter more;
};

}  // namespace cluster::http
