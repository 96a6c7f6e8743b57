// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/error.hpp>
#include <cluster/export.hpp>
#include <cluster/listener.hpp>
#include <cluster/log.hpp>
#include <cluster/message.hpp>
#include <cluster/proxy.hpp>
#include <cluster/statistics.hpp>
#include <cluster/types.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cluster {

/// How a worker is asked to leave.
struct drain_notice {
  /// Until then connections that cannot move are served on; from then on their end is announced.
  std::chrono::steady_clock::time_point soft_deadline{};
  /// What still runs then is closed; the worker should be gone by this time.
  std::chrono::steady_clock::time_point hard_deadline{};
  exit_reason reason = exit_reason::requested;
};

/// A live connection between two messages of its protocol, on its way from a draining worker to another.
struct moving_connection {
  int fd = -1;                              ///< non-blocking; belongs to whoever has taken the connection
  std::string unread;                       ///< octets received and not used yet; up to 48 KiB can move
  std::string state;                        ///< the application's own, up to 8 KiB
  bool returned = false;                    ///< it was this worker's own, and the other one did not take it
  const listener* accepted_from = nullptr;  ///< the supervisor has just accepted it there; else moved
};

/// A worker's side of the cluster: who it is, its listeners, and its conversation with the supervisor.
///
/// Made once, early in a process that a supervisor started (`cluster::run` does it for whole programs).
/// Thread-safety: distinct objects safe, shared objects unsafe; use it on the thread that runs the
/// context. Lifetimes: must not outlive the context.
class worker {
 public:
  using executor_type = boost::asio::io_context::executor_type;

  /// True in a process that a supervisor started, until a worker object has taken the channel over.
  CLUSTER_API static bool started_by_supervisor() noexcept;

  /// Takes the inherited channel over, says hello and receives identity and listeners; waits for the
  /// supervisor up to ten seconds. Removes the internal markers from the environment. Throws
  /// boost::system::system_error: not_a_worker, protocol_version, channel_closed, timed_out.
  CLUSTER_API explicit worker(boost::asio::io_context& context);
  CLUSTER_API ~worker();
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  CLUSTER_API boost::asio::io_context& context() const noexcept;
  executor_type get_executor() const noexcept { return context().get_executor(); }

  CLUSTER_API worker_id id() const noexcept;
  CLUSTER_API slot_id slot() const noexcept;
  CLUSTER_API generation_id generation() const noexcept;
  CLUSTER_API std::string_view name() const noexcept;
  CLUSTER_API worker_state state() const noexcept;
  /// The program's own arguments, those after `--`.
  CLUSTER_API std::span<const std::string> arguments() const noexcept;
  /// In the order in which they came. Valid until one is added or taken away.
  CLUSTER_API std::span<const listener> listeners() const noexcept;
  CLUSTER_API const logger& log() const noexcept;

  /// The path that is to be asked before ready(); empty means none. cluster::http::serve does it.
  CLUSTER_API std::string_view probe() const noexcept;
  /// options::request_timeout of the supervisor: the most time for one request; zero: no limit.
  CLUSTER_API std::chrono::milliseconds request_timeout() const noexcept;

  /// What the supervisor has made of options::tls, private keys included, in a form that only this library
  /// reads; empty: nothing. It is replaced when the keys of session tickets are. cluster::http::serve uses
  /// it.
  CLUSTER_API std::string_view tls_material() const noexcept;
  /// Sets what is called, on the context, when tls_material() has changed.
  CLUSTER_API void on_tls_change(std::function<void()> handler);

  /// Which proxies are believed (options::proxies). cluster::http::serve uses it.
  CLUSTER_API proxy_options proxies() const;

  /// Says that the application can serve. Call it once, after everything that may fail at start; later
  /// calls do nothing.
  CLUSTER_API void ready();

  /// Completes when the worker is to finish its work and leave: the supervisor asked for it, SIGTERM
  /// came, or the supervisor is gone. A drain that was asked for before the call completes it at once
  /// (by way of the executor). Signature: void(error_code, drain_notice). Several waits may be pending.
  /// Cancellation: total; then completes with operation_aborted.
  template <boost::asio::completion_token_for<void(error_code, drain_notice)> CompletionToken =
                boost::asio::deferred_t>
  auto async_wait_drain(CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code, drain_notice)>(
        [this](auto handler) { start_wait_drain(std::move(handler)); }, token);
  }

  /// Starts a drain from inside, as if the supervisor had asked; the reason is `requested`.
  CLUSTER_API void request_drain();

  /// Asks for a successor: when that one is ready this worker drains, and its connections move over. Where no
  /// worker may be replaced at this moment (it is not ready, a roll-out is busy with its slot, it leaves
  /// already) the wish is forgotten; ask again. `why` is for people.
  CLUSTER_API void request_replacement(std::string_view why);

  /// Takes the first SIGTERM or SIGINT as request_drain(); a second one has its default effect. Installs
  /// signal handlers until done() or destruction; `cluster::run` calls it, an embedding program only if
  /// it wants to. Also answers the supervisor's question where a hung thread stands, and ends this process
  /// when its event loop stands for the orphan time-out while there is no supervisor; both by the signal
  /// SIGRTMAX - 2, if that one has its default effect until then.
  CLUSTER_API void handle_signals();

  /// Closes this process's copies of the listeners. The supervisor still holds them, so queued
  /// connections go to other workers or wait; nothing is reset.
  CLUSTER_API void release_listeners();

  using listener_handler = std::function<void(const listener&)>;
  /// Sets what is called, on the context, for each listener that is added while this worker runs
  /// (supervisor::async_add_listener); it is among listeners() then, and whoever accepts from those accepts
  /// from it, too. What it throws refuses the listener: the supervisor hears why, and it is closed again
  /// here. http::server::start(worker&) and async_accept take such listeners up by themselves; a worker that
  /// has none of these refuses them once it is ready.
  CLUSTER_API void on_listener_added(listener_handler handler);
  /// The same for each that is taken away, before it is closed here. Nobody new connects to it any more:
  /// whoever accepts from it takes all that waits, until there is nothing more, and closes its copies. What
  /// it throws is reported as a failure.
  CLUSTER_API void on_listener_removed(listener_handler handler);

  /// Who takes connections in this cluster (options::schedule).
  CLUSTER_API cluster::schedule schedule() const noexcept;

  /// Whether this worker is to accept from its listeners. Not so under schedule::round_robin, where the
  /// supervisor hands connections over (see on_arrival), except while that one is gone.
  CLUSTER_API bool accepts() const noexcept;
  /// Sets what is called when accepts() has changed.
  CLUSTER_API void on_accepts_change(std::function<void()> handler);

  /// Whether a limit on connections has been reached (options::max_connections, max_connections_total).
  /// Whoever accepts then leaves what comes in the accept queue and asks again later.
  CLUSTER_API bool has_enough() const noexcept;

  /// Takes the next connection, whatever the schedule: from the listeners, with regard to above_share() and
  /// has_enough(), or from the supervisor. For protocols other than those of http::serve, which accepts by
  /// itself; do not use both. Publish the number of connections with publish_load, or shares and limits have
  /// nothing to go by. One at a time. Errors: operation_aborted when the worker drains or is destroyed;
  /// already_running while another one is pending; what is wrong with single connections, or passes, is no
  /// error but waited out. Signature: void(error_code, descriptor); the connection is non-blocking and
  /// close-on-exec. Cancellation: total and terminal.
  template <boost::asio::completion_token_for<void(error_code, descriptor)> CompletionToken =
                boost::asio::deferred_t>
  auto async_accept(CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code, descriptor)>(
        [this](auto handler) { start_accept(std::move(handler)); }, token);
  }

  /// Tells the other workers how many connections this one has; call it when the number changes. A single
  /// store into a shared page.
  CLUSTER_API void publish_load(std::uint32_t connections) noexcept;

  /// Whether this worker has more connections than its share of all: more than the mean and one. Whoever
  /// accepts then waits a millisecond first, so that others go before; it never refuses.
  CLUSTER_API bool above_share() const noexcept;

  /// Whether other workers take connections too, from the same sockets: not so under schedule::reuse_port.
  CLUSTER_API bool has_peers() const noexcept;

  /// Shows what this worker has done so far, for status reports and for limits such as
  /// options::max_requests. A few stores into a page that the supervisor reads; call it as often as you
  /// like. `http::serve` calls it.
  CLUSTER_API void publish_traffic(const traffic& totals) noexcept;

  /// Counts so many requests that took this long.
  CLUSTER_API void publish_latency(std::chrono::nanoseconds time, std::uint64_t requests = 1) noexcept;

  /// Routes whose answers are counted one by one, at most.
  static constexpr std::size_t most_routes = 64;
  /// Names them, before ready(); those beyond most_routes are not counted, and names are cut after 72 octets.
  /// `http::serve` does it.
  CLUSTER_API void name_routes(const std::vector<std::string>& names);
  /// Shows what the route with that place among the names has answered so far. A few stores, as above.
  CLUSTER_API void publish_route(std::size_t which, const route_numbers& now) noexcept;

  /// Adds another event loop to those whose standing still means that this worker hangs; its own context
  /// is watched anyway. Up to seven more; its timer is work of that loop until done() or destruction.
  CLUSTER_API void watch(boost::asio::any_io_executor loop);

  /// Whether a connection can be moved away right now: this worker drains, and another one takes them.
  CLUSTER_API bool can_move() const noexcept;

  /// Sends a connection to another worker. Precondition: it is at a boundary, nothing of it is in flight
  /// in this process, and its descriptor is in no epoll set. True: the descriptor has been taken; the
  /// connection may still come back by way of on_arrival. False: nothing has happened.
  CLUSTER_API bool move(moving_connection& what);

  /// Connections sent away whose arrival is not acknowledged yet. Do not say done() before it is zero.
  CLUSTER_API std::size_t moving() const noexcept;

  /// Sets who receives connections: from draining workers, this one's own ones that came back, and under
  /// schedule::round_robin all those that the supervisor accepts. The handler takes the descriptor by
  /// returning true. Without a handler everything offered is declined.
  CLUSTER_API void on_arrival(std::function<bool(moving_connection&&)> handler);

  /// Sets what is called when can_move() may have become true and when moving() may have become zero.
  CLUSTER_API void on_move_change(std::function<void()> handler);

  /// Requests finished since the drain began, for the supervisor's report; optional.
  CLUSTER_API void count_finished(std::uint64_t requests) noexcept;

  /// Sends a message to the supervisor (supervisor_id) or to another worker, by way of the supervisor.
  /// Completes when it is on its way, or passed on; a receiver that reads slowly delays that, so wait for it
  /// before sending more. Errors: worker_unavailable, message_too_large, queue_full when too much waits for
  /// that receiver already, timed_out, channel_closed when the supervisor is gone. Messages whose sending is
  /// not complete at done() are lost.
  /// Signature: void(error_code). Cancellation: none.
  template <boost::asio::completion_token_for<void(error_code)> CompletionToken = boost::asio::deferred_t>
  auto async_send(worker_id to, message what, CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code)>(
        [this](auto handler, worker_id receiver, message content) {
          start_send(receiver, std::move(content), std::move(handler));
        },
        token, to, std::move(what));
  }

  /// Sends a message to all other workers. Completes when the supervisor has passed it on to those that are
  /// there; one that has too much waiting goes without. Errors as above.
  /// Signature: void(error_code). Cancellation: none.
  template <boost::asio::completion_token_for<void(error_code)> CompletionToken = boost::asio::deferred_t>
  auto async_broadcast(message what, CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code)>(
        [this](auto handler, message content) { start_broadcast(std::move(content), std::move(handler)); },
        token, std::move(what));
  }

  /// Sends a request and completes with its answer. `timeout` is more than zero. Errors: those of async_send,
  /// not_handled, timed_out (also when another worker ended meanwhile).
  /// Signature: void(error_code, message). Cancellation: none.
  template <
      boost::asio::completion_token_for<void(error_code, message)> CompletionToken = boost::asio::deferred_t>
  auto async_request(worker_id to, message what, std::chrono::milliseconds timeout,
                     CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code, message)>(
        [this](auto handler, worker_id receiver, message content, std::chrono::milliseconds limit) {
          start_request(receiver, std::move(content), limit, std::move(handler));
        },
        token, to, std::move(what), timeout);
  }

  /// Sets who gets messages and requests from the supervisor and from other workers; called on the context.
  /// Without a handler messages are dropped and requests answered with not_handled. What a handler throws is
  /// reported as a failure.
  CLUSTER_API void on_message(message_handler handler);
  CLUSTER_API void on_request(request_handler handler);

  /// Sets who gets the messages whose octets begin with `topic`, in place of on_message(); of several topics
  /// that fit, the longest one's handler. So parts of a program that do not know each other can share the
  /// channel; http::websocket_room does. The topic stays in front of the octets. A handler that is empty ends
  /// it. Throws std::invalid_argument for an empty topic.
  CLUSTER_API void on_topic(std::string_view topic, message_handler handler);

  /// Tells the supervisor that the drain is complete and stops listening to it, so that a context with
  /// no other work returns from run(). Leave the process soon after.
  CLUSTER_API void done();

  /// Reports an exception that came out of application code: one log line and, at a bounded rate, a
  /// `handler_failed` event at the supervisor. Before ready() it becomes part of the reason why the worker
  /// failed to start. Never throws.
  CLUSTER_API void report_failure(std::string_view where, std::string_view what) noexcept;

 private:
  using drain_handler = boost::asio::any_completion_handler<void(error_code, drain_notice)>;

  using accept_handler = boost::asio::any_completion_handler<void(error_code, descriptor)>;
  using sent_handler = boost::asio::any_completion_handler<void(error_code)>;
  using answer_handler = boost::asio::any_completion_handler<void(error_code, message)>;

  CLUSTER_API void start_wait_drain(drain_handler handler);
  CLUSTER_API void start_accept(accept_handler handler);
  CLUSTER_API void start_send(worker_id to, message what, sent_handler done);
  CLUSTER_API void start_broadcast(message what, sent_handler done);
  CLUSTER_API void start_request(worker_id to, message what, std::chrono::milliseconds timeout,
                                 answer_handler done);

  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace cluster
