// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/http/request.hpp>
#include <cluster/http/response.hpp>

#include <boost/asio/awaitable.hpp>

#include <string_view>

namespace cluster::http {

/// An answer whose content is made piece by piece, by a coroutine:
///
///     boost::asio::awaitable<void> f(const request&, stream& out);
///
/// Its length need not be known: an HTTP/1.1 client gets chunks, an HTTP/1.0 client the end of the
/// connection. The answer ends when the coroutine returns. An exception out of it is a 500 if nothing was
/// started; afterwards it resets the connection, so that the client sees that this was not all.
///
/// When the client goes away, or just ends its side, the coroutine is cancelled; so it is when the server
/// has no more time for it. Use it in that coroutine only.
class stream {
 public:
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  /// Sends status and fields. The content of `head` is the first piece. Throws std::logic_error if called
  /// twice. Not calling it is calling it with a plain 200 at the first write().
  CLUSTER_API void start(const response& head);
  bool started() const noexcept { return started_; }

  /// Sends a piece, and completes when the client keeps up: at most server_options::output_high_water
  /// octets wait for it. Answers to HEAD, and with a status that has no content, take nothing in. The octets
  /// are not needed any more when the function has returned its awaitable. Throws boost::system::system_error
  /// (operation_aborted) when the client is gone.
  CLUSTER_API boost::asio::awaitable<void> write(std::string_view octets);

  /// From the beginning of a drain on there is no reason to go on for long: the coroutine is cancelled
  /// then, and its answer ends in good order, so that the client asks again and gets to another worker.
  /// For streams without an end, such as events.
  CLUSTER_API void end_on_drain();

  /// For the library's own use.
  explicit stream(exchange& data) noexcept : data_(&data) {}

 private:
  exchange* data_;
  bool started_ = false;
};

/// Content of a request that is read piece by piece while it arrives, by a coroutine that begins as soon as
/// the header section is there:
///
///     boost::asio::awaitable<response> f(const request&, body_reader& in);
///     boost::asio::awaitable<void>     f(const request&, body_reader& in, stream& out);
///
/// request::body() is empty then. Content as a whole is limited as ever (route_options::body_bytes), and in
/// time by server_options::body_progress_time and body_progress_bytes while read() waits. A handler that
/// answers before it has read everything ends the connection with that answer.
class body_reader {
 public:
  body_reader(const body_reader&) = delete;
  body_reader& operator=(const body_reader&) = delete;

  /// The next piece, of some size up to 32 KiB or so; empty at the end. Valid until the next call. Asks a
  /// client that waits to be asked (`Expect: 100-continue`). Throws boost::system::system_error when there is
  /// no more to come: too large, malformed, too slow, client gone. If the handler lets it out, the client
  /// gets the answer that says so (413, 400, 408).
  CLUSTER_API boost::asio::awaitable<std::string_view> read();

  /// For the library's own use.
  explicit body_reader(exchange& data) noexcept : data_(&data) {}

 private:
  exchange* data_;
};

}  // namespace cluster::http
