// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "common/handler_slot.hpp"
#include "http/acceptor.hpp"
#include "http/coarse_clock.hpp"
#include "http/connection_pool.hpp"
#include "http/dispatcher.hpp"
#include "http/give_way.hpp"
#include "http/recorder.hpp"
#include "http/second_look.hpp"
#include "http/trust.hpp"
#include "tls/context.hpp"
#include "wire/head_reader.hpp"

#include <cluster/worker.hpp>

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <optional>
#include <string>

namespace cluster::http {

class upgraded_session;
struct ws_beginning;
struct ws_route;
struct moved_state;

/// The connections of a server and the loop that drives them. See poll_set for how it lives in an
/// io_context; all I/O is plain non-blocking calls on the connections' descriptors.
///
/// A connection's wake-up is a turn: read what is there, answer every complete request in it, send all
/// answers at once, keep what is left. Turns never nest and share the read and the write buffer.
class engine : public std::enable_shared_from_this<engine> {
 public:
  using drain_handler = boost::asio::any_completion_handler<void(error_code)>;
  using time_point = std::chrono::steady_clock::time_point;

  engine(boost::asio::io_context& context, const route_tree& routes, server_options options);
  ~engine();

  void start(std::span<const listener> listeners);
  void release(const listener& from);
  /// Until `soft` connections are served on (and moved away, if that is possible); then their end is
  /// announced; at `hard` what is left is cut off.
  void start_drain(time_point soft, time_point hard, drain_handler handler);
  void stop();
  /// Runs the context as its own run() does, waiting in the connections' set where that is possible.
  void run();
  const server_counters& counters() const noexcept { return counters_; }
  const server_options& options() const noexcept { return options_; }
  /// For connections from now on.
  void set_tls(std::shared_ptr<const tls::context> with) { tls_ = std::move(with); }

  /// How connections move to another process and come from one. A connection can move when it is at a
  /// request boundary: then it is its descriptor and its unread octets and nothing else.
  struct mover {
    std::function<bool()> possible;
    std::function<bool(moving_connection&)> move;  ///< takes the descriptor if it returns true
    std::function<std::size_t()> under_way;        ///< sent, and not known to have arrived
  };
  void set_mover(mover how) { mover_ = std::move(how); }
  /// How workers share connections out evenly: one tells its number, and asks whether it has too many.
  struct balance {
    std::function<void(std::uint32_t)> publish;
    std::function<bool()> above_share;
    std::function<bool()> has_enough;
    std::function<bool()> has_peers;
  };
  void set_balance(balance how);
  /// While the supervisor accepts, and connections come by adopt().
  void hold(bool on);
  void set_sink(recorder::sink to) { recorder_.set(std::move(to)); }
  const route_tree& routes() const noexcept { return dispatcher_.routes(); }
  /// Moving became possible, or something that was under way has settled.
  void on_move_change();
  // For stream and body_reader; the exchange is one whose handler works in pieces (engine_flow.cpp).
  void start_stream(exchange& request, response head);
  void write_piece(exchange& request, std::string_view octets);
  bool keeps_up(const exchange& request) const noexcept;
  void end_on_drain(exchange& request);
  void want_piece(exchange& request);

  // For sessions (engine_socket.cpp).
  void session_failed(const exchange& request, const std::exception_ptr& failure) noexcept;
  void session_ended(const upgraded_session& session);
  /// It has nothing left to send.
  void session_is_quiet(upgraded_session& session);
  /// Whether a session may leave now: it drains, and there is somewhere to go.
  bool may_move_session() const { return draining_ && !stopped_ && mover_.possible && mover_.possible(); }
  /// True if the connection is gone, else it is the caller's again.
  bool move_session(moving_connection& going) { return mover_.move(going); }
  std::optional<std::string> saved_octets(const std::any& state);

  /// Goes on with a connection from elsewhere, or one that came back. False if it cannot be taken.
  bool adopt(moving_connection&& arrived);

 private:
  using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  boost::asio::wait_traits<std::chrono::steady_clock>,
                                                  boost::asio::io_context::executor_type>;

  // As the host (engine_run.cpp).
  void run_as_host();
  bool become_host();
  void become_guest();

  // The loop (engine.cpp).
  void arm();
  void on_ready();
  void serve_batch(std::span<const epoll_event> first);
  void look_as_often_as_it_pays(std::span<const epoll_event> seen);
  give_way::time let_others_run();
  void show_work();
  bool accept(std::span<const epoll_event> events, bool waited);
  void handle(std::span<const epoll_event> events);
  void on_event(connection& c, std::uint32_t events);
  bool end_cancels(const connection& c) const noexcept;
  void run_queue();
  void enqueue(connection& c);
  void schedule();
  void arm_tick();
  void publish_load(std::uint64_t coming = 0);
  void on_tick();
  void expire(connection& c);

  // A turn (engine_turn.cpp).
  void open(int fd, std::string_view unread, belongings own, bool fresh);
  void watch(connection& c);
  void unwatch(connection& c) noexcept;
  void settle(connection& c);
  void guarded_turn(connection& c);
  void fail(connection& c, const std::exception& why);
  void turn(connection& c);
  bool receive(connection& c);
  void process(connection& c);
  bool read_head(connection& c);
  void note_progress(connection& c, std::size_t octets) noexcept;
  bool read_body(connection& c);
  bool run(connection& c, exchange& request, const char* section);
  void respond(connection& c, exchange& request, const response& answer);
  void refuse(connection& c, const wire::refusal& why);

  // Over TLS (engine_sealed.cpp).
  std::unique_ptr<connection_edge> edge_of(int fd, const listener& from) const;
  static std::unique_ptr<connection_edge> edge_of(const moved_state& state);
  void begin_arrival(connection& c);
  void arrive(connection& c);
  void end_arrival(connection& c, tls::session::state how);
  bool take_proxy_header(connection& c);
  bool begin_tls(connection& c);
  void refuse_plain(connection& c);
  bool receive_raw(connection& c, wire::byte_buffer& to);
  bool receive_sealed(connection& c);
  bool seal(connection& c);
  void send_file_sealed(connection& c);
  void take_leave(connection& c) noexcept;

  // The way out (engine_output.cpp).
  void flush(connection& c);
  void send_apart(connection& c, std::string_view content);
  void flush_rest(connection& c);
  std::size_t send_some(connection& c, std::string_view octets);
  void send_file(connection& c);
  void file_sent(connection& c);
  void finish(connection& c);
  void finish(connection& c, std::chrono::milliseconds linger_time);
  void drop_input(connection& c);
  void set_deadline(connection& c);
  std::uint64_t idle_limit(const connection& c) const noexcept;
  void close(connection& c);
  void reset(connection& c);
  void release(connection& c);

  // Coroutines (engine_coroutine.cpp).
  bool start_coroutine(connection& c);
  void coroutine_done(connection& c, const std::exception_ptr& failure, response answer);
  void cancel_coroutine(connection& c);
  void end_request(connection& c);
  void give_up(connection& c);
  void conclude(connection& c, exchange& request, const std::exception_ptr& failure, response answer);

  // In pieces (engine_flow.cpp).
  wire::byte_buffer& outlet(connection& c) noexcept;
  void put_piece(connection& c, outflow& out, std::string_view octets);
  void pour(connection& c);
  void relieve(connection& c);
  void drain_stream(exchange& request);
  void end_stream(connection& c, exchange& request, const std::exception_ptr& failure, bool cancelled);
  void feed(connection& c);
  void give(inflow& in, error_code ec);

  // Leaving (engine_drain.cpp).
  void announce_end();
  void begin_announcing() noexcept;
  void cut_off();
  void check_drained();
  void finish_drain(error_code ec);
  /// Whether the next answer is the connection's last one.
  bool ends(const connection& c) const noexcept { return draining_ && (announcing_ || c.own.sealed()); }
  void post_drained(drain_handler handler, error_code ec);

  // WebSocket sessions (engine_socket.cpp).
  void switch_protocols(connection& c, exchange& request, const response& answer);
  void begin_session(std::unique_ptr<exchange> request, std::shared_ptr<const ws_route> route,
                     ws_beginning&& from);
  bool adopt_session(const moving_connection& arrived, const moved_state& state);
  void ask_sessions_to_leave();
  void send_sessions_away();
  void stop_sessions();

  // Moving (engine_move.cpp).
  bool try_move(connection& c);
  std::any restored_state(std::string_view octets);

  std::uint64_t after(std::chrono::milliseconds time) const noexcept;

  boost::asio::io_context& context_;
  server_options options_;
  wire::limits limits_;
  server_counters counters_;
  coarse_clock clock_;
  deadline_wheel wheel_;
  connection_pool pool_;
  trust trust_;
  exchange_pool exchanges_;
  poll_set set_;
  second_look look_again_;
  give_way give_way_;
  acceptor acceptor_;
  dispatcher dispatcher_;
  wire::head_reader reader_;
  timer tick_;
  timer soft_timer_;
  timer hard_timer_;
  mover mover_;
  balance balance_;
  recorder recorder_;
  std::uint64_t published_ = ~std::uint64_t{0};
  handler_slot<drain_handler> drain_handler_;

  wire::byte_buffer in_;      // of the turn that runs
  wire::byte_buffer out_;     // of the turn that runs
  wire::byte_buffer sealed_;  // as it came, before it is opened
  std::shared_ptr<const tls::context> tls_;
  std::size_t read_size_;
  std::unique_ptr<exchange> spare_;  // of the request that is read
  std::vector<std::shared_ptr<upgraded_session>> sessions_;
  std::vector<connection*> queue_;
  std::vector<connection*> running_;
  connection* starting_ = nullptr;  // whose coroutine is being started
  connection* turning_ = nullptr;   // whose turn it is
  std::uint64_t drain_idle_until_ = 0;
  std::uint64_t drain_sealed_until_ = 0;
  bool armed_ = false;
  bool in_batch_ = false;
  bool scheduled_ = false;
  bool ticking_ = false;
  bool draining_ = false;
  bool announcing_ = false;  ///< in a drain: answers say that the connection ends
  bool stopped_ = false;
};

}  // namespace cluster::http
