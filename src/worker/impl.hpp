// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "common/handler_slot.hpp"
#include "ipc/desk.hpp"
#include "os/load_board.hpp"
#include "os/loop_guard.hpp"
#include "os/statistics_page.hpp"
#include "worker/failure_budget.hpp"
#include "worker/heartbeat.hpp"
#include "worker/mover.hpp"

#include <cluster/worker.hpp>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cluster {

/// The worker's side of the conversation after the handshake.
struct worker::impl : std::enable_shared_from_this<worker::impl> {
  explicit impl(boost::asio::io_context& on)
      : context(on), signals(on), call_timer(on), moves(std::make_shared<mover>(on)) {}
  ~impl() { release_listeners(); }

  void converse(os::unique_fd socket);
  void on_message(const ipc::message& what, std::vector<os::unique_fd> descriptors);
  void on_channel_end(error_code why);

  void wait_drain(drain_handler handler);
  void begin_drain(drain_notice notice);
  void complete_wait(std::uint64_t key, error_code ec);
  void release_listeners() noexcept;
  void handle_signals();
  void forget_signals() noexcept;
  void request_drain();
  void watch(boost::asio::any_io_executor loop);

  // Without a supervisor (orphan.cpp).
  bool may_be_adopted() const noexcept;
  void become_orphan(error_code why);
  void wait_to_call();
  void call_home();
  void be_adopted(const ipc::adopted& terms);
  void guard_loop();
  std::chrono::milliseconds time_alone() const noexcept;

  void stop_heartbeats() noexcept;

  // Who takes connections (accept.cpp).
  class intake;
  bool accepts() const noexcept;
  void accepts_changed();
  bool has_enough() const noexcept;
  void on_offer(const ipc::offer& what, std::vector<os::unique_fd> descriptors);
  void accept(accept_handler handler);
  void stop_accepting();
  void show_load() noexcept;

  // Listeners that come and go (listeners.cpp).
  void take_listeners(const std::vector<listener>& added, std::vector<os::unique_fd>& descriptors);
  std::string take_up(const listener& added);
  void drop_listener(std::uint64_t number);
  const listener* listener_of(std::uint64_t number) const noexcept;

  // The application's messages (messages.cpp).
  using sent_handler = ipc::mailbox::sent_handler;
  using answer_handler = ipc::requests::answer_handler;
  void send(worker_id to, message what, sent_handler done);
  void request(worker_id to, message what, std::chrono::milliseconds timeout, answer_handler done);
  sent_handler when_not_sent(std::uint64_t number, worker_id to);
  void on_note(const ipc::note& what, std::vector<os::unique_fd> descriptors);
  void lose_mail(error_code why);
  void take_tls(os::unique_fd file, std::uint64_t size);

  struct waiter {
    std::uint64_t key;
    drain_handler handler;
  };

  boost::asio::io_context& context;
  boost::asio::signal_set signals;
  boost::asio::steady_timer call_timer;
  std::optional<std::chrono::steady_clock::time_point> orphaned_since;
  std::shared_ptr<mover> moves;
  std::function<void()> on_accepts_change;
  listener_handler on_listener_added;
  listener_handler on_listener_removed;
  std::function<void(const std::string& where, const std::string& what)> complain;  ///< a failure
  std::shared_ptr<intake> taking;                            ///< once async_accept was called
  std::deque<std::pair<ipc::offer, os::unique_fd>> offered;  ///< until async_accept asks for the next one
  std::uint32_t load = 0;                                    ///< connections, as published last
  std::uint64_t finished = 0;                                ///< requests, in the drain
  ipc::welcome identity;
  std::vector<listener> listeners;
  os::load_board board;
  std::shared_ptr<os::statistics_page> page = std::make_shared<os::statistics_page>();
  std::vector<std::shared_ptr<heartbeat>> heartbeats;  ///< the first one is of `context`
  os::loop_guard guard;
  std::vector<std::string> arguments;
  os::unique_fd tls_file;
  std::string tls_text;  ///< what is in it
  std::function<void()> tls_changed;
  logger log;
  std::shared_ptr<ipc::channel> channel;
  std::shared_ptr<ipc::mailbox> mail;
  ipc::desk post{context.get_executor()};
  worker_state state = worker_state::starting;
  std::optional<drain_notice> notice;
  std::list<waiter> waiters;  ///< a list: assigning a handler recurses without end in Boost 1.81
  std::uint64_t next_key = 1;
  failure_budget failures;
};

/// Takes the channel over that the environment names, says hello and waits for the welcome. Blocks, with
/// a deadline: nothing else can be done before it.
struct handshake_result {
  os::unique_fd socket;
  ipc::welcome identity;  ///< its listeners hold the received descriptors
  os::load_board board;
  os::statistics_page page;
  os::unique_fd tls;
};
handshake_result shake_hands();

/// The program's own arguments: those after the first `--`.
std::vector<std::string> own_arguments();

}  // namespace cluster
