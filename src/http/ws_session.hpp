// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "http/exchange.hpp"
#include "http/upgraded_session.hpp"
#include "http/waiter.hpp"
#include "http/ws_layer.hpp"
#include "http/ws_route.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <any>
#include <chrono>
#include <deque>
#include <list>
#include <memory>
#include <string>

namespace cluster::http {

class engine;

/// One WebSocket session: Beast's stream on our layer, a queue of what is to be sent, and the handler.
class ws_session : public upgraded_session, public std::enable_shared_from_this<ws_session> {
 public:
  ws_session(engine& owner, boost::asio::io_context& context, std::unique_ptr<exchange> request,
             std::shared_ptr<const ws_route> route, ws_beginning from);

  void start() override;
  void stop() override;
  void go_away() override;
  void ask_to_leave() override;

  boost::asio::awaitable<std::optional<websocket::message>> read();
  boost::asio::awaitable<void> send(std::string data, websocket::kind type);
  bool post(std::shared_ptr<const std::string> data, websocket::kind type);
  boost::asio::awaitable<void> close(unsigned code, std::string reason);
  /// The same without anybody who waits.
  void close_soon(unsigned code);

  const std::string& subprotocol() const noexcept { return from_.subprotocol; }
  bool resumed() const noexcept { return from_.resumed; }
  bool over() const noexcept { return over_; }
  std::any& state() noexcept { return from_.own.state; }

 private:
  using stream_type = boost::beast::websocket::stream<ws_layer, false>;
  struct outgoing {
    std::shared_ptr<const std::string> data;
    websocket::kind type;
  };

  ws_layer& layer() noexcept { return stream_.next_layer(); }
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> open();
  boost::asio::awaitable<void> finish(unsigned code, std::string reason);
  void set_options();
  void ended(const std::exception_ptr& failure);
  void write_next();
  void written(error_code ec);
  void fall(error_code why);
  void tell_waiters();
  bool leave();
  bool move_away();
  void watch_progress();

  engine& owner_;
  std::shared_ptr<engine> owner_lives_;
  std::unique_ptr<exchange> request_;
  std::shared_ptr<const ws_route> route_;
  ws_beginning from_;
  stream_type stream_;
  boost::asio::steady_timer progress_;  // ends a session whose client takes nothing
  boost::asio::cancellation_signal cancel_;
  boost::beast::flat_buffer incoming_;
  std::deque<outgoing> queue_;
  std::size_t queued_ = 0;  // octets
  std::list<waiter> room_;  // of those that wait in send() or for an empty queue
  unsigned close_when_open_ = 0;
  bool opened_ = false;
  bool reading_ = false;
  bool writing_ = false;
  std::chrono::steady_clock::time_point writing_since_;
  bool watching_ = false;  // that what is written gets on
  bool closing_ = false;
  bool over_ = false;  // nothing goes in or out any more
  bool moved_ = false;
  bool through_ = false;  // the handler and all that belongs to it
};

}  // namespace cluster::http
