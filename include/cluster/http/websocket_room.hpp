// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/http/websocket.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace cluster {
class worker;
}

namespace cluster::http {

/// Sessions of the whole cluster that hear the same things: a websocket_group in each worker, and messages
/// between the workers (worker::async_broadcast). Rooms of the same name in different workers are one.
///
///     websocket_room room(self, "chat");
///     app.websocket("/chat", [&](const request&, websocket& session) -> awaitable<void> {
///       room.join(session);
///       while (auto message = co_await session.read()) room.broadcast(std::move(message->data));
///     }, options);
///
/// What one worker sends comes in its order, everywhere; what two send may come in one order here and in
/// another one there. A session that is moving between workers at that moment may miss what is said, or hear
/// it from both. Thread-safety: use it on the worker's thread. Lifetimes: the worker outlives it.
class websocket_room {
 public:
  /// One room of a name in a worker. Throws std::invalid_argument if the name holds NUL.
  CLUSTER_API websocket_room(worker& self, std::string_view name);
  CLUSTER_API ~websocket_room();
  websocket_room(const websocket_room&) = delete;
  websocket_room& operator=(const websocket_room&) = delete;

  /// A session leaves by ending, or by moving: the handler that is called anew joins again.
  CLUSTER_API void join(const websocket& session);
  /// Queues a message for all sessions here (see websocket_group::broadcast) and sends it to the other
  /// workers, which do the same. Returns for how many sessions of this worker it was queued. Does not wait;
  /// when too much waits for the supervisor, or there is none at that moment, the others miss it and
  /// undelivered() counts.
  CLUSTER_API std::size_t broadcast(std::string data, websocket::kind type = websocket::kind::text);

  /// Sessions in this worker.
  CLUSTER_API std::size_t size() const noexcept;
  /// Broadcasts of this worker that did not get to the other ones.
  CLUSTER_API std::uint64_t undelivered() const noexcept;

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace cluster::http
