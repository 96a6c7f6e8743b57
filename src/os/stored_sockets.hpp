// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/listen_socket.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cluster::os {

/// The name under which a service manager keeps the `which`th (from 0) of `count` sockets that were opened
/// for a listen URI: all that the next start has to know to find them again. Empty if it would be too long.
std::string store_name(std::string_view listen, std::size_t which, std::size_t count);
/// Whether a name is one of those.
bool is_store_name(std::string_view name);

/// Listening sockets that a service manager has kept while this program was away, as sd_listen_fds(3) has it:
/// from descriptor 3 on, for the process that LISTEN_PID names, with store_name()s in LISTEN_FDNAMES. Whoever
/// connected meanwhile is in their queues.
class stored_sockets {
 public:
  /// Those that were passed to this process; what is passed under other names stays where it is.
  static stored_sockets passed();

  /// Puts what was opened for `listen` before into `out`: all of it, or nothing and false. `backlog` counts
  /// from now on. The files of Unix sockets have to be there still, and are nobody's to remove.
  bool take(std::string_view listen, const listen_address& address, int backlog,
            std::vector<listen_socket>& out);

  /// Closes what nobody has taken; its names, each once, so that the manager can be told to do the same.
  std::vector<std::string> drop_rest();

 private:
  std::vector<std::pair<std::string, listen_socket>> sockets_;
};

}  // namespace cluster::os
