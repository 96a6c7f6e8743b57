// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "common/handler_slot.hpp"
#include "os/listen_socket.hpp"
#include "os/unique_fd.hpp"

#include <cluster/supervisor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace cluster {

using listener_handler = boost::asio::any_completion_handler<void(error_code, listener_change)>;

/// Listeners that were added together, until the workers have said whether they accept from them.
struct listener_arrival {
  listener_change what;
  std::set<std::pair<worker_id, std::uint64_t>> awaited;  ///< answers, by worker and listener
  std::map<std::uint64_t, bool> taken;                    ///< by somebody, by listener
  std::string refused;                                    ///< why, by the last one who did
  std::chrono::steady_clock::time_point until{};
  handler_slot<listener_handler> handler;
};

/// Who waits for listeners of one name to be closed: nobody, if a dead supervisor had begun it.
struct listener_removal {
  listener_change what;
  handler_slot<listener_handler> handler;
  std::size_t open = 0;  ///< of them
};

/// A listener on its way out. First nothing new comes to it any more, and what had begun arrives; then what
/// waits in the supervisor's hands goes to workers; then they take what waits in their queues and close it,
/// and last the supervisor does.
struct leaving_listener {
  enum class step : std::uint8_t { fading, emptying, closing };

  os::listen_socket socket;
  std::vector<os::unique_fd> of_slots;  ///< with a socket for each slot: theirs
  std::shared_ptr<listener_removal> by;
  step at = step::fading;
  std::chrono::steady_clock::time_point until{};  ///< the end of this step
  std::set<worker_id> awaited;
};

/// Gives those without a number the next ones, and those without a name a name of their own.
void name_listeners(std::vector<os::listen_socket>& listeners, std::uint64_t& last_number);

}  // namespace cluster
