// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/http/stream.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cluster::http {

/// One server-sent event (the EventSource interface of browsers). An aggregate for designated initialisers.
struct server_event {
  std::string data;  ///< may have several lines
  std::string name;  ///< empty: "message"
  std::string id;    ///< empty: none; comes back as Last-Event-ID when the client connects again
  std::optional<std::chrono::milliseconds> retry;
};

/// The event as it goes out. Throws std::invalid_argument for line ends or NUL in name or id.
CLUSTER_API std::string event_text(const server_event& what);

/// A stream of events:
///
///     app.get("/events", [](const request& asked, stream& out) -> awaitable<void> {
///       event_stream events(out);
///       for (;;) co_await events.send(co_await next());
///     });
///
/// It ends in good order when the worker is to leave; the client then connects again, to another one.
class event_stream {
 public:
  /// Starts the answer with the fields that events need.
  CLUSTER_API explicit event_stream(stream& out);

  /// See stream::write(); name and id as in server_event, whose other members event_text() and
  /// stream::write() send. (Texts and no aggregate: GCC 12 breaks aggregates made inside a co_await.)
  CLUSTER_API boost::asio::awaitable<void> send(std::string_view data, std::string_view name = {},
                                                std::string_view id = {});
  /// Something that clients overlook, so that proxies and time limits do not take the stream for dead.
  CLUSTER_API boost::asio::awaitable<void> keep_alive();

 private:
  stream& out_;
};

}  // namespace cluster::http
