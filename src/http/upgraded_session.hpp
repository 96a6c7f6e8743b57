// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "http/edge.hpp"

#include <string>

namespace cluster::http {

/// A connection that has become something other than HTTP, as the server sees it. What it really is comes
/// with its route, so a program without such routes does not link it.
class upgraded_session {
 public:
  virtual ~upgraded_session() = default;
  virtual void start() = 0;
  /// Ends it now, without a word.
  virtual void stop() = 0;
  /// Closes it in good order because the worker leaves.
  virtual void go_away() = 0;
  /// Moves it at the next opportunity, if its route wants that.
  virtual void ask_to_leave() = 0;
};

/// Where a session begins: with a request just now, or in the middle, in another worker.
struct ws_beginning {
  int fd = -1;
  std::string first;   ///< octets that have to go out before anything else
  std::string unread;  ///< octets that came behind the handshake
  std::string fields;  ///< lines for the answer to the handshake
  std::string subprotocol;
  belongings own;        ///< of the connection
  bool resumed = false;  ///< the handshake was answered elsewhere
};

}  // namespace cluster::http
