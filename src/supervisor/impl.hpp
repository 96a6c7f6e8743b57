// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "common/handler_slot.hpp"
#include "ipc/desk.hpp"
#include "os/listen_socket.hpp"
#include "os/load_board.hpp"
#include "os/notify_socket.hpp"
#include "os/pid_file.hpp"
#include "os/rendezvous.hpp"
#include "policy/fleet.hpp"
#include "policy/recycler.hpp"
#include "policy/scaler.hpp"
#include "policy/watchdog.hpp"
#include "supervisor/homecoming.hpp"
#include "supervisor/launcher.hpp"
#include "supervisor/listener_changes.hpp"
#include "supervisor/notification.hpp"
#include "supervisor/output_relay.hpp"
#include "supervisor/route_ledger.hpp"
#include "supervisor/tls_keeper.hpp"
#include "supervisor/usher.hpp"
#include "supervisor/worker_process.hpp"

#include <cluster/supervisor.hpp>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cluster {

/// Drives the fleet: reports to it what the system says, and carries its actions out.
struct supervisor::impl : std::enable_shared_from_this<supervisor::impl> {
  using clock = std::chrono::steady_clock;

  impl(executor_type executor, options settings);

  // The public face (supervisor.cpp).
  os::failure open();
  void run(handler_type handler);
  void stop(stop_mode mode, handler_type handler);
  void scale(std::size_t workers, handler_type handler);
  void restart(worker_id worker, handler_type handler);
  void end(worker_id worker, handler_type handler);
  void reload(const reload_changes& changes, reload_handler_type handler);
  void abort_reload();
  error_code kill(worker_id worker, int number);
  error_code pause(worker_id worker, bool on);
  void let_go_on(worker_id worker);
  cluster_status status() const;
  std::optional<worker_usage> usage(worker_id id, bool with_pss) const;
  int duplicate_pidfd(worker_id id) const;
  void abandon() noexcept;

  // The fleet's actions (actions.cpp).
  void apply(policy::actions list);
  void perform(const policy::launch_worker&);
  void perform(const policy::drain_worker&);
  void perform(const policy::terminate_worker&);
  void perform(const policy::abort_worker&);
  void perform(const policy::kill_worker&);
  void perform(const policy::appoint_heirs&);
  void perform(const policy::end_rollout&);
  void perform(const policy::publish&);
  void perform(const policy::finish&);
  std::vector<os::unique_fd> draw_lines(const std::vector<worker_id>& heirs);
  void limit_yielding(worker_id id, worker_process& process);
  void retry_launch(const policy::launch_worker& what);
  void signal(worker_id id, int number);
  void arm_timer();
  void settle_scale(error_code ec);
  void settle_restarts();
  void abort_restarts();

  // Who takes connections (scheduling.cpp).
  struct slot_sockets {
    std::map<std::uint64_t, os::unique_fd> by_listener;  ///< those with a socket for each slot, by number
    std::map<std::uint64_t, std::size_t> sources;        ///< of the reception, likewise
  };
  void begin_schedule();
  void prepare_slots();
  void watch_slot(slot_sockets& one);
  slot_sockets* sockets_of(slot_id slot);
  os::unique_fd listener_for(const worker_process& process, const listener& which);
  error_code schedule_listener(const os::listen_socket& added);
  void sync_schedule();
  bool on_answer(worker_id id, const ipc::message& what);
  void settle_schedule();
  void end_schedule() noexcept;
  void adopt_slots();

  // Listeners that come and go (listeners.cpp).
  void add_listener(const std::string& uri, listener_handler_type handler);
  os::failure open_listener(const std::string& uri, std::vector<listener>& added);
  void remove_listener(const std::string& name, listener_handler_type handler);
  void take_away(std::uint64_t number, const std::shared_ptr<listener_removal>& for_whom);
  void begin_leaving(leaving_listener& one);
  void keep_leaving(leaving_listener& one);
  void let_go(leaving_listener& one);
  void give_listeners(worker_id id, worker_process& process, const std::vector<listener>& which);
  void on_listener_answer(worker_id id, worker_process& process, const ipc::listener_answer& what);
  void tell_listening(worker_id id, worker_process& process, const listener& where);
  void tell_listening_everywhere(worker_id id);
  bool may_answer(worker_id id) const;
  void settle_listeners();
  void settle_arrival(listener_arrival& one);
  void arm_listener_timer(clock::time_point now);
  void go_on_leaving();
  void abort_listeners();

  // What is seen of workers that say nothing (watch.cpp).
  void watch(worker_id id);
  void forget(worker_id id);
  void arm_watch();
  void look();
  std::vector<policy::loop_reading> read_signs(clock::time_point now) const;
  void act_on(const policy::watch_finding& found, clock::time_point now);

  // Where a hung one stands (stack.cpp).
  void ask_where(worker_id id, std::chrono::milliseconds stood);
  void end_question(worker_id id, std::chrono::milliseconds stood, std::uint64_t before);

  // What a dead supervisor has left, and what this one would leave (adoption.cpp).
  os::failure come_home();
  os::failure outlive_predecessor();
  void take_listeners(std::vector<os::listen_socket>& into);
  void complete_listeners(const ipc::report& of);
  bool made_here(const listener& described) const;
  void adopt_workers(clock::time_point now);
  void await_latecomers();
  void send_away(const os::caller& from);
  void save();
  void save_later();
  error_code prepare_successor();
  void leave_home() noexcept;

  // What a service manager keeps for the next start (store.cpp).
  os::failure open_addresses(std::vector<os::listen_socket>& into, std::vector<std::string>& store_as);
  std::vector<std::string> recall_store_names(const std::vector<os::listen_socket>& taken);
  void forget_stored(std::uint64_t number);
  error_code store_listeners();

  // Listeners of workers that all hang (rescue.cpp).
  using seen_threads = std::map<worker_id, policy::thread_view>;
  seen_threads look_at_kept() const;
  static std::chrono::nanoseconds stood_meanwhile(const seen_threads& before, const absent_worker& one,
                                                  std::chrono::nanoseconds span);
  bool rescue_listeners(const absent_worker& from);

  // Those that a dead supervisor has left and that do not call (absent.cpp).
  void end_absent(const std::vector<absent_worker>& all);
  void note_absent(std::vector<absent_worker> all, const seen_threads& before, std::chrono::nanoseconds span);
  void watch_absent();
  void add_absent(std::vector<policy::loop_reading>& all, clock::time_point now) const;
  bool end_hung_absent(const policy::watch_finding& found);
  void keep_absent(policy::kept_state& into) const;
  void note_leaving(std::vector<absent_worker> all);
  void let_leave(pid_t pid);
  std::chrono::milliseconds longest_leave() const;
  void limit_leaving(worker_id id, std::chrono::milliseconds left);
  void dismiss_absent() noexcept;

  // What TLS needs (secrets.cpp).
  os::failure load_tls(const options& from);
  os::failure need_no_tls(const std::vector<os::listen_socket>& all);
  void pass_tls_on();
  void arm_ticket_rotation();

  // Workers that have served enough (recycle.cpp).
  void arm_recycling();
  void look_for_worn();

  // A number of workers that follows the load (scaling.cpp).
  error_code scale_between(scale_range bounds);
  void arm_scaling();
  void look_at_load();

  // What workers say (conversation.cpp).
  void converse(worker_id id, worker_process& process);
  void on_message(worker_id id, const ipc::message& what, std::vector<os::unique_fd> descriptors);
  void on_channel_end(worker_id id, error_code why);
  void on_exit(worker_id id, const exit_status& status);
  void break_off(worker_id id, std::string_view why);
  void welcome(worker_id id, worker_process& process);

  // What is kept of what happened (history.cpp).
  void remember(event& what);
  void remember_cpu(const worker_process& process);
  void report_history(cluster_status& into) const;

  // The application's messages (messages.cpp).
  void send(worker_id to, message what, handler_type handler);
  void broadcast(message what, count_handler_type handler);
  void request(worker_id to, message what, std::chrono::milliseconds timeout, answer_handler_type handler);
  void on_note(worker_id from, ipc::note what, std::vector<os::unique_fd> descriptors);
  void pass_on(worker_id from, ipc::note what, std::vector<os::unique_fd> descriptors);
  void pass_to_all(worker_id from, const ipc::note& what, const std::vector<os::unique_fd>& descriptors);
  template <class MakeHandler>
  error_code to_each(worker_id but, const ipc::note& head, const std::vector<os::unique_fd>& descriptors,
                     const MakeHandler& handler);
  void reply(worker_id to, ipc::note what, message content);
  worker_process* reachable(worker_id id);
  void lose_mail(worker_id id);

  // Workers that are not built on the library (foreign.cpp).
  os::failure prepare_for_foreign(const std::vector<os::listen_socket>& bound);
  foreign_start surroundings() const;
  void await_notes();
  void hear_notes();
  void stop_notes() noexcept;
  void heed(worker_process& process, worker_id id, const notification& said);
  worker_id sender_of(const os::notice& from) const;
  void listen_to_node(worker_id id, worker_process& process, os::unique_fd from);
  void mend_listeners();

  // What they write (output.cpp).
  void capture(worker_id id, worker_process& process, output_pipes pipes);
  void on_line(worker_id id, bool error, std::string_view text);
  void flush_output();

  void tell(event what);
  void call(const supervisor::observer& one, const event& what) const;
  void complete(handler_type handler, error_code ec);
  void complete(reload_handler_type handler, error_code ec, reload_report report);
  void complete(listener_handler_type handler, error_code ec, listener_change what);
  worker_process* find(worker_id id);

  struct restart_waiter {
    worker_id worker;  ///< that is to go
    handler_type handler;
  };

  executor_type executor;
  options settings;
  supervisor::observer observer;
  std::vector<std::weak_ptr<supervisor::observer>> observers;
  std::vector<std::weak_ptr<output_observer>> output_observers;
  std::shared_ptr<output_relay> relay_out;  ///< while output is captured
  std::shared_ptr<output_relay> relay_error;
  std::string failure_text;

  ipc::desk post;
  launcher starter;
  os::pid_file lock;
  std::vector<os::listen_socket> listeners;
  std::map<std::uint64_t, std::string> store_names;  ///< in the service manager's store, by number
  std::uint64_t last_listener = 0;                   ///< number
  std::list<listener_arrival> arriving;              ///< listeners whose workers have not all answered
  std::list<leaving_listener> leaving;               ///< no longer in `listeners`, not closed yet
  boost::asio::steady_timer listener_timer;
  os::load_board board;
  std::shared_ptr<usher> reception;     ///< unless the schedule is `shared`
  std::deque<slot_sockets> slots;       ///< if each has sockets of its own
  std::vector<std::size_t> steered_to;  ///< slots that new connections go to
  bool steering = true;                 ///< the kernel's count of those sockets is known
  os::pid_file home_lock;
  os::rendezvous home;
  std::optional<boost::asio::posix::basic_stream_descriptor<executor_type>> late;
  os::notify_socket notes;  ///< where foreign workers say how they are
  std::optional<boost::asio::posix::basic_stream_descriptor<executor_type>> notes_wait;
  policy::kept_state kept;  ///< read before the start
  std::vector<returned_worker> returned;
  std::vector<os::listen_socket> rescued;  ///< out of workers that do not call
  struct absent_process {
    policy::kept_worker known;
    std::unique_ptr<os::child> process;
    std::unique_ptr<boost::asio::steady_timer> leaving;  ///< it was sent away; the end of its drain
  };
  std::map<worker_id, absent_process> absent;
  clock::time_point absent_since{};
  std::uint64_t own_start = os::start_of_process(::getpid()).value_or(0);
  std::string saved;  ///< the notes as they were written last
  bool save_failed = false;
  bool saves_later = false;
  bool opened = false;
  bool running = false;

  std::optional<policy::fleet> fleet;
  std::map<worker_id, std::unique_ptr<worker_process>> workers;
  std::map<worker_id, unsigned> busy_launches;  ///< tries so far that met a file being written
  std::deque<policy::action> pending;
  bool applying = false;
  boost::asio::steady_timer timer;
  bool timer_armed = false;
  boost::asio::steady_timer watch_timer;
  policy::watchdog dog;
  boost::asio::steady_timer recycle_timer;
  policy::recycler recycling;
  boost::asio::steady_timer scale_timer;
  policy::scaler scaling;
  tls_keeper secrets;
  boost::asio::steady_timer tls_timer;

  handler_slot<handler_type> run_handler;
  std::list<handler_type> stop_handlers;  ///< a list: its elements are never assigned
  handler_slot<handler_type> scale_handler;
  std::list<restart_waiter> restart_waiters;
  handler_slot<reload_handler_type> reload_handler;
  std::function<options()> refresh;
  traffic past;  ///< what workers counted that have ended
  latency_histogram past_latency;
  route_ledger past_routes;
  reload_report tally;  ///< what workers reported in the roll-out under way
  std::optional<reload_report> last_reload;
  std::uint64_t last_sequence = 0;
  clock::time_point started{};
  std::vector<slot_history> history;
  cluster_counters counters;
  executor_type work;  ///< keeps the context running while every worker rests
};

/// How long an event loop may stand: a handler that blocks it is a request that takes its time.
std::chrono::milliseconds watch_limit(const options& settings);

/// What the kernel says of a thread; of the first one of its process, if it is none of that.
std::optional<policy::thread_view> view_of(pid_t process, pid_t thread);

/// One line for the log, and its level.
log_level describe(const event& what, std::string& line);

}  // namespace cluster
