// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/http/request.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cluster::http {

class ws_session;

/// What one WebSocket session may cost, and what it speaks. An aggregate for designated initialisers.
struct websocket_options {
  /// A message, all of its fragments together. Beyond: the session is closed with 1009.
  std::size_t message_bytes = 1024 * 1024;
  /// Fragments of one message. Beyond: the connection ends.
  std::size_t message_fragments = 16384;
  /// What waits to be sent to the client. send() waits for room; post() refuses.
  std::size_t queue_bytes = 1024 * 1024;
  /// Nothing heard of the client for that long: the session ends. It is asked by a ping at half of it.
  /// Zero: no limit.
  std::chrono::milliseconds idle_time{60'000};
  /// For the client to take any more of what is sent, and to answer a close.
  std::chrono::milliseconds close_time{10'000};
  /// Subprotocols that the application speaks, the best first. A client that offers some and none of these
  /// gets a session without one.
  std::vector<std::string> subprotocols;
  /// Origins that may open sessions from a browser ("https://example.org"); empty: all. Others get 403.
  std::vector<std::string> origins;
  /// Whether sessions move to another worker when this one leaves; see websocket. Otherwise they are
  /// closed with 1012 when it leaves.
  bool moves = false;
};

/// A WebSocket session (RFC 6455), for the coroutine that handles it:
///
///     app.websocket("/ws", [](const request& asked, websocket& session) -> awaitable<void> {
///       while (auto message = co_await session.read()) co_await session.send(message->data, message->type);
///     });
///
/// When the handler returns the session is closed with 1000, if it is not closed yet; after an exception
/// with 1011. Pings are answered without it. No compression.
///
/// With websocket_options::moves a session whose handler waits in read() between two messages, with nothing
/// left to send, goes to another worker when this one leaves. There the handler is called anew, with
/// resumed() true and request::connection_state() as it was saved (see server_options::save_state); here
/// read() throws operation_aborted. So what matters between two messages belongs there and not into local
/// variables. Nothing sent or received is lost or repeated.
///
/// Use it on the server's thread, while the handler runs.
class websocket {
 public:
  enum class kind : std::uint8_t { text, binary };
  struct message {
    std::string data;
    kind type = kind::text;
  };

  /// The next message; nothing when the client has closed the session in good order. Throws
  /// boost::system::system_error when it ended otherwise. One read at a time.
  CLUSTER_API boost::asio::awaitable<std::optional<message>> read();

  /// Sends a message behind those that wait already, and completes when no more than
  /// websocket_options::queue_bytes wait. Text has to be UTF-8. Throws boost::system::system_error if the
  /// session has ended.
  CLUSTER_API boost::asio::awaitable<void> send(std::string data, kind type = kind::text);

  /// The same without waiting: false if there is no room, or the session has ended.
  CLUSTER_API bool post(std::shared_ptr<const std::string> data, kind type = kind::text);

  /// Sends what waits, then closes with a code (1000, 1001, 1003, 1007..1013, 3000..4999) and up to 123
  /// octets of reason, and completes when the client has answered, or did not in time. Throws
  /// std::invalid_argument.
  CLUSTER_API boost::asio::awaitable<void> close(unsigned code = 1000, std::string reason = {});

  /// The one agreed on; may be empty.
  CLUSTER_API const std::string& subprotocol() const noexcept;
  /// Whether the session came from another worker.
  CLUSTER_API bool resumed() const noexcept;

  /// For the library's own use.
  explicit websocket(std::shared_ptr<ws_session> session) noexcept : session_(std::move(session)) {}

 private:
  friend class websocket_group;
  std::shared_ptr<ws_session> session_;
};

using websocket_handler = std::function<boost::asio::awaitable<void>(const request&, websocket&)>;

/// Sessions of this worker that hear the same things; websocket_room is for those of all workers. Use it on
/// the server's thread.
class websocket_group {
 public:
  /// A session leaves by ending.
  CLUSTER_API void join(const websocket& session);
  /// Queues a message for all of them; the octets are there once. A session that has no room for it is too
  /// slow and ends with 1008. Returns for how many it was queued.
  CLUSTER_API std::size_t broadcast(std::string data, websocket::kind type = websocket::kind::text);
  CLUSTER_API std::size_t size() const noexcept;

 private:
  std::vector<std::weak_ptr<ws_session>> sessions_;
};

}  // namespace cluster::http
