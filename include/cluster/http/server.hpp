// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/error.hpp>
#include <cluster/export.hpp>
#include <cluster/http/options.hpp>
#include <cluster/http/router.hpp>
#include <cluster/listener.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace cluster {
class worker;
}

namespace cluster::http {

class engine;

/// What a server has done since it was made. Plain numbers, counted by the thread that runs the context.
struct server_counters {
  std::uint64_t accepted = 0;         ///< connections taken
  std::uint64_t open = 0;             ///< connections open now
  std::uint64_t websockets = 0;       ///< of these, WebSocket sessions
  std::uint64_t requests = 0;         ///< requests handed to the router
  std::uint64_t in_progress = 0;      ///< of these, coroutines that run now
  std::uint64_t refused = 0;          ///< answered by the server itself because they were not acceptable
  std::uint64_t failures = 0;         ///< handlers that threw
  std::uint64_t timed_out = 0;        ///< connections ended by one of the time limits
  std::uint64_t accept_failures = 0;  ///< times accepting had to rest
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t server_errors = 0;  ///< answers with a status of 500 and above
};

/// An HTTP/1.1 server on listening sockets that somebody else made, for programs with their own context.
///
/// Starts no thread and installs no signal handler. Runs on the thread that runs the context; use it on
/// that thread only. Nothing is thrown out of its handlers. Lifetimes: context and router must outlive
/// it; destroying it closes its connections.
class server {
 public:
  /// Throws std::invalid_argument if an option is out of range or a file of `tls` is not good.
  CLUSTER_API server(boost::asio::io_context& context, const router& app, server_options options = {});
  server(boost::asio::io_context&, router&&, server_options = {}) = delete;
  CLUSTER_API ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Begins to accept. Takes duplicates of the descriptors, which it closes by itself; it never calls
  /// shutdown(2) or listen(2) on them. May be called again with more. Throws boost::system::system_error, and
  /// std::invalid_argument for a listener with TLS if there is no certificate.
  CLUSTER_API void start(std::span<const listener> listeners);

  /// Begins to accept on all listeners of `self`, and takes part in it when some are added or taken away
  /// while it runs (see worker::on_listener_added, which this uses). serve() does it. Both objects must then
  /// live as long as the context runs. Throws as above.
  CLUSTER_API void start(worker& self);

  /// Accepts from this one no more: takes what waits in its queue, whatever limits there are, and gives its
  /// copy back. Its connections are served on. Nothing happens if it does not accept from it. Listeners are
  /// told apart by listener::number.
  CLUSTER_API void release(const listener& from);

  /// Serves a connected stream socket that somebody else accepted. Takes the descriptor over, also if it
  /// cannot serve it any more, and makes it non-blocking.
  CLUSTER_API void take(int connected);

  /// Finishes what is there and takes nothing new: accepts what is pending, gives the listeners back,
  /// lets requests finish and answers them with `Connection: close`, closes idle connections (see
  /// server_options::drain_idle_time), and at `hard_deadline` closes the rest. Completes when no
  /// connection is left. Call it once. Signature: void(error_code), with timed_out if connections had
  /// to be cut off. Cancellation: none. The server cannot be started again.
  template <boost::asio::completion_token_for<void(error_code)> CompletionToken = boost::asio::deferred_t>
  auto async_drain(std::chrono::steady_clock::time_point hard_deadline, CompletionToken&& token = {}) {
    return async_drain({}, hard_deadline, std::forward<CompletionToken>(token));
  }

  /// The same, but until `soft_deadline` connections are served on as if nothing were, while those that
  /// can move go to another worker (see move_with()).
  template <boost::asio::completion_token_for<void(error_code)> CompletionToken = boost::asio::deferred_t>
  auto async_drain(std::chrono::steady_clock::time_point soft_deadline,
                   std::chrono::steady_clock::time_point hard_deadline, CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code)>(
        [this, soft_deadline, hard_deadline](auto handler) {
          start_drain(soft_deadline, hard_deadline, std::move(handler));
        },
        token);
  }

  /// Lets connections move between workers: takes those that arrive at `self`, and in a drain sends each
  /// of its own away at its next request boundary, with its unread octets. Also shows `self` how many
  /// connections and requests there are and how long they take. serve() does it. Both objects
  /// must then live as long as the context runs.
  CLUSTER_API void move_with(worker& self);

  /// Speaks TLS with what the supervisor has for `self` (cluster::options::tls), now and when that changes.
  /// serve() does it. Both objects must then live as long as the context runs. Throws std::invalid_argument.
  CLUSTER_API void secure_with(worker& self);

  /// Reads certificates and keys anew; connections that are open go on as they are. Throws
  /// std::invalid_argument if they are not good, and what was there stays.
  CLUSTER_API void renew_tls(const tls_options& from);

  /// Runs the context, as its own run() does, with fewer system calls for each time that it waits: the server
  /// waits for its connections itself, and for the context as one of them. New connections then wake one
  /// worker, in turn, instead of all. Once the process has a second thread, and where the context is none of
  /// epoll, it is the same as context.run(). serve() does it. Call it on no handler of the context, and with
  /// nobody else running that. Returns when the context is stopped or out of work; throws what handlers
  /// throw, and may then be called again.
  CLUSTER_API void run();

  /// Closes everything at once; a drain that is under way completes with operation_aborted.
  CLUSTER_API void stop();

  CLUSTER_API const server_counters& counters() const noexcept;

 private:
  CLUSTER_API void start_drain(std::chrono::steady_clock::time_point soft_deadline,
                               std::chrono::steady_clock::time_point hard_deadline,
                               boost::asio::any_completion_handler<void(error_code)> handler);

  std::shared_ptr<engine> engine_;
};

/// Serves `app` as a worker for the whole of its life.
///
/// Begins to accept on the worker's listeners, says ready(), runs the worker's context, and when the
/// worker is to leave drains and says done(). With worker::probe() set it asks itself for that path first,
/// before it accepts anything. Returns the exit code, 0, or 1 if that failed. An exception that other
/// handlers of the context let out is reported as a failure and does not end the worker.
CLUSTER_API int serve(worker& self, const router& app, server_options options = {});

}  // namespace cluster::http
