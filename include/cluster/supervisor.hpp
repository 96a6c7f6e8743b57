// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/error.hpp>
#include <cluster/event.hpp>
#include <cluster/export.hpp>
#include <cluster/listener.hpp>
#include <cluster/message.hpp>
#include <cluster/options.hpp>
#include <cluster/output.hpp>
#include <cluster/statistics.hpp>
#include <cluster/status.hpp>
#include <cluster/types.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cluster {

CLUSTER_API std::string_view to_string(reload_report::outcome) noexcept;

/// Supervises a fleet of worker processes.
///
/// Owns the listeners for its whole life, starts the workers, watches them through pidfds and one
/// channel each, and replaces the ones that end. Owns no threads and installs no signal handlers; the
/// embedding program's threads, handlers and children are left alone. SIGCHLD must not be ignored by
/// the program, or exit statuses are lost.
///
/// Thread-safety: distinct objects safe, shared objects unsafe; on a context that several threads run,
/// construct it on a strand and call it from there. Lifetimes: destroying it while it runs kills the
/// workers (SIGKILL) without waiting; call async_stop first.
class supervisor {
 public:
  using executor_type = boost::asio::any_io_executor;
  /// Called for each event, on the executor. What it throws is logged and dropped.
  using observer = std::function<void(const event&)>;

  /// Checks the options; throws std::invalid_argument with one line that names the bad one.
  CLUSTER_API supervisor(executor_type executor, options settings);
  CLUSTER_API ~supervisor();
  supervisor(const supervisor&) = delete;
  supervisor& operator=(const supervisor&) = delete;

  CLUSTER_API executor_type get_executor() const noexcept;

  /// Binds all listeners and writes the pid file; all or nothing. async_run does it if it was not
  /// done. Errors: invalid_address, bind_failed, owned_elsewhere; `detail` gets one line for people
  /// with the address and the reason.
  CLUSTER_API void open(error_code& ec, std::string& detail);
  /// The throwing form: boost::system::system_error with the detail as its text.
  CLUSTER_API void open();

  /// Gives the listeners to the service manager that NOTIFY_SOCKET names, if it keeps descriptors for this
  /// process (FDSTORE): those that open() has bound itself, not those that were passed to it. The next
  /// process that it starts gets them back in open(), for the same `listen`, with whoever has connected
  /// meanwhile; so nobody is refused between a stop, or a crash of everything, and the next start. Files of
  /// Unix sockets stay. Call it once after open(); cluster::run does. Without such a manager nothing happens.
  /// Errors: not_running before open(); no_space if it keeps fewer than there are; those of sending.
  CLUSTER_API error_code store_listeners();

  /// Sets the observer; an empty one removes it. Set it before async_run to see every event.
  CLUSTER_API void on_event(observer);

  /// Adds an observer beside that one, for parts of a program that know nothing of each other. It is
  /// called until the returned handle, or a copy of it, is destroyed. The handle may outlive the
  /// supervisor.
  [[nodiscard]] CLUSTER_API std::shared_ptr<void> observe(observer);

  /// Called for each line that a worker writes, if options::capture_output is set. Must not throw.
  using output_observer = std::function<void(const output_line&)>;
  /// The same for captured output.
  [[nodiscard]] CLUSTER_API std::shared_ptr<void> observe_output(output_observer);

  /// Starts the workers and supervises them until the cluster has ended.
  /// Errors: those of open(); never_ready and workers_failed when the cluster gave up (failure() says
  /// why); already_running. Success after a requested stop, once the last worker is gone.
  /// Signature: void(error_code). Cancellation: total and partial stop gracefully, terminal stops fast;
  /// the completion still comes after the last exit.
  template <boost::asio::completion_token_for<void(error_code)> CompletionToken = boost::asio::deferred_t>
  auto async_run(CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code)>(
        [this](auto handler) { start_run(std::move(handler)); }, token);
  }

  /// Stops the cluster. Completes when the last worker is gone; at once when nothing runs. May be called
  /// any number of times; a harder mode shortens the deadlines of a stop under way.
  /// Signature: void(error_code). Cancellation: none (a stop is not taken back).
  template <boost::asio::completion_token_for<void(error_code)> CompletionToken = boost::asio::deferred_t>
  auto async_stop(stop_mode mode, CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code)>(
        [this](auto handler, stop_mode how) { start_stop(how, std::move(handler)); }, token, mode);
  }

  /// Changes the number of workers, 1..1024; completes when that many are ready and surplus ones are
  /// gone. The number follows the load no more then. Errors: invalid_options, not_running, reload_running,
  /// and operation_aborted when a stop or a newer scale came in between.
  /// Signature: void(error_code). Cancellation: none.
  template <boost::asio::completion_token_for<void(error_code)> CompletionToken = boost::asio::deferred_t>
  auto async_scale(std::size_t workers, CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code)>(
        [this](auto handler, std::size_t count) { start_scale(count, std::move(handler)); }, token, workers);
  }

  /// Lets the number of workers follow the load between these bounds, see options::max_workers; until
  /// async_scale gives it a number again. Equal ones are a fixed number. Errors: not_running; invalid_options
  /// for bounds that are none, 1 <= min <= max <= 1024.
  CLUSTER_API error_code scale_between(scale_range bounds);

  /// Replaces one ready worker by a fresh one of the same generation, which is ready first; then the old
  /// one drains and its connections move over. Completes when the old one is gone. Errors: not_running,
  /// worker_unavailable, launch_failed when the successor did not become ready (the old one serves on),
  /// operation_aborted when the cluster began to stop in between.
  /// Signature: void(error_code). Cancellation: none.
  template <boost::asio::completion_token_for<void(error_code)> CompletionToken = boost::asio::deferred_t>
  auto async_restart(worker_id worker, CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code)>(
        [this](auto handler, worker_id which) { start_restart(which, std::move(handler)); }, token, worker);
  }

  /// Replaces all workers, slot by slot, by workers that run what lies at the executable's path now: the
  /// successor is ready first, then the predecessor drains and its connections move over. Completes with
  /// the report. Errors: reload_failed (the report says where and why; the cluster serves on),
  /// reload_running, not_running, operation_aborted.
  /// Signature: void(error_code, reload_report). Cancellation: none; see abort_reload().
  template <boost::asio::completion_token_for<void(error_code, reload_report)> CompletionToken =
                boost::asio::deferred_t>
  auto async_reload(CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code, reload_report)>(
        [this](auto handler) { start_reload({}, std::move(handler)); }, token);
  }

  /// The same; what is set in `changes` counts for this one in place of options::reload.
  template <boost::asio::completion_token_for<void(error_code, reload_report)> CompletionToken =
                boost::asio::deferred_t>
  auto async_reload(const reload_changes& changes, CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code, reload_report)>(
        [this](auto handler, const reload_changes& how) { start_reload(how, std::move(handler)); }, token,
        changes);
  }

  /// Listens at one more place, by a URI as in options::listen: it is bound here, given to all workers and to
  /// those that come, and stays until it is taken away or the cluster ends, also through the death of this
  /// supervisor (see options::rendezvous). It is not written into any configuration. Completes when the ready
  /// workers accept from it. Errors: not_running; invalid_address; invalid_options (more than 64 listeners,
  /// TLS without a certificate, workers that are not built on the library); bind_failed (the address is busy,
  /// another one has that name); not_handled when every ready worker refuses it (see
  /// worker::on_listener_added), timed_out when none has said anything for ten seconds; then it is closed
  /// again. operation_aborted when the cluster has ended in between.
  /// Signature: void(error_code, listener_change). Cancellation: none.
  template <boost::asio::completion_token_for<void(error_code, listener_change)> CompletionToken =
                boost::asio::deferred_t>
  auto async_add_listener(std::string uri, CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code, listener_change)>(
        [this](auto handler, std::string where) { start_add_listener(std::move(where), std::move(handler)); },
        token, std::move(uri));
  }

  /// Listens at a place no more, by its name (cluster_status::listener_names). Clients that have connected
  /// are served; those that come later find nobody, once this has completed. For that it takes half a second,
  /// in which handshakes that had begun may end and clients that come wait. A worker that does not answer is
  /// waited for up to ten seconds; it keeps the address until it does or ends. Errors: not_running;
  /// unknown_listener; worker_unavailable while no worker is ready, as what waits there would be lost;
  /// operation_aborted when the cluster has ended in between.
  /// Signature: void(error_code, listener_change). Cancellation: none.
  template <boost::asio::completion_token_for<void(error_code, listener_change)> CompletionToken =
                boost::asio::deferred_t>
  auto async_remove_listener(std::string name, CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code, listener_change)>(
        [this](auto handler, std::string which) {
          start_remove_listener(std::move(which), std::move(handler));
        },
        token, std::move(name));
  }

  /// Sends a message to one worker. Completes when it is on its way; a worker that reads slowly delays that,
  /// so wait for it before sending more. Errors: worker_unavailable, message_too_large, queue_full when too
  /// much waits for that worker already. What the worker does with it is its own affair.
  /// Signature: void(error_code). Cancellation: none.
  template <boost::asio::completion_token_for<void(error_code)> CompletionToken = boost::asio::deferred_t>
  auto async_send(worker_id to, message what, CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code)>(
        [this](auto handler, worker_id receiver, message content) {
          start_send(receiver, std::move(content), std::move(handler));
        },
        token, to, std::move(what));
  }

  /// Sends a message to all workers. Completes when it is on its way to each, with the number of them that
  /// took it. Errors: message_too_large, or that of making copies of the descriptors.
  /// Signature: void(error_code, std::size_t). Cancellation: none.
  template <boost::asio::completion_token_for<void(error_code, std::size_t)> CompletionToken =
                boost::asio::deferred_t>
  auto async_broadcast(message what, CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code, std::size_t)>(
        [this](auto handler, message content) { start_broadcast(std::move(content), std::move(handler)); },
        token, std::move(what));
  }

  /// Sends a request to one worker and completes with its answer. `timeout` is more than zero. Errors: those
  /// of async_send, not_handled, timed_out, worker_unavailable also when the worker ended meanwhile.
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

  /// Sets who gets the workers' messages and requests to the supervisor; an empty handler takes them no more.
  /// Called on the executor; what they throw is logged. Without a handler a worker that sends many of them is
  /// taken for one that floods its channel.
  CLUSTER_API void on_message(message_handler handler);
  CLUSTER_API void on_request(request_handler handler);

  /// Takes a rolling replacement back that is under way; nothing happens without one.
  CLUSTER_API void abort_reload();

  /// Sets what is asked at each reload for the options of the new generation. What counts of them:
  /// executable, arguments, environment, probe, reload. It may throw to refuse the reload with a reason.
  CLUSTER_API void on_reload(std::function<options()> refresh);

  /// Ends one worker: drain, then TERM, then KILL. Its slot gets another one afterwards; to have fewer
  /// workers use async_scale. Completes when it is gone. Errors: not_running,
  /// worker_unavailable (it need not be ready, though), operation_aborted as with async_restart.
  /// Signature: void(error_code). Cancellation: none.
  template <boost::asio::completion_token_for<void(error_code)> CompletionToken = boost::asio::deferred_t>
  auto async_end(worker_id worker, CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(error_code)>(
        [this](auto handler, worker_id which) { start_end(which, std::move(handler)); }, token, worker);
  }

  /// Sends a signal to one worker, at once and without a drain: what it is working on may be lost. Its slot
  /// gets another worker when it ends. Errors: not_running, worker_unavailable.
  CLUSTER_API error_code kill(worker_id worker, int signal = 9);

  /// Stops the process of a worker, or lets it go on. While it is paused it gets no new connections that
  /// others can take (under schedule::shared those of the accept queue go to the others), nobody holds it for
  /// hung, and its own connections wait. Whatever ends it lets it go on first. Errors: not_running,
  /// worker_unavailable.
  CLUSTER_API error_code pause(worker_id worker);
  CLUSTER_API error_code resume(worker_id worker);

  /// Writes down what another supervisor needs to take over from this one, which is about to be replaced by
  /// exec (cluster::run does that on SIGUSR2). Nothing else changes. Errors: not_running; invalid_options
  /// without options::rendezvous; reload_running; worker_unavailable while no worker is
  /// ready; launch_failed if the notes cannot be written.
  CLUSTER_API error_code prepare_successor();

  CLUSTER_API cluster_status status() const;

  /// What a living worker uses of the machine, read now; nothing if it is gone. Reading its share of
  /// memory (`with_pss`) takes the longer the more it has mapped.
  CLUSTER_API std::optional<worker_usage> usage(worker_id, bool with_pss = false) const;

  /// Why the cluster gave up, in words; empty while it did not.
  CLUSTER_API const std::string& failure() const noexcept;

  /// A new descriptor (close-on-exec, the caller's to close) of a living worker's pidfd, or -1. With
  /// the pid from status() it makes a process object of Boost.Process:
  /// `basic_process(executor, pid, pidfd)`; detach() that before it is destroyed.
  CLUSTER_API int duplicate_pidfd(worker_id) const;

 private:
  using handler_type = boost::asio::any_completion_handler<void(error_code)>;
  using reload_handler_type = boost::asio::any_completion_handler<void(error_code, reload_report)>;

  using count_handler_type = boost::asio::any_completion_handler<void(error_code, std::size_t)>;
  using answer_handler_type = boost::asio::any_completion_handler<void(error_code, message)>;

  using listener_handler_type = boost::asio::any_completion_handler<void(error_code, listener_change)>;

  CLUSTER_API void start_run(handler_type);
  CLUSTER_API void start_add_listener(std::string, listener_handler_type);
  CLUSTER_API void start_remove_listener(std::string, listener_handler_type);
  CLUSTER_API void start_send(worker_id, message, handler_type);
  CLUSTER_API void start_broadcast(message, count_handler_type);
  CLUSTER_API void start_request(worker_id, message, std::chrono::milliseconds, answer_handler_type);
  CLUSTER_API void start_stop(stop_mode, handler_type);
  CLUSTER_API void start_scale(std::size_t, handler_type);
  CLUSTER_API void start_restart(worker_id, handler_type);
  CLUSTER_API void start_end(worker_id, handler_type);
  CLUSTER_API void start_reload(const reload_changes&, reload_handler_type);

  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace cluster
