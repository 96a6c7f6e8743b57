// SPDX-License-Identifier: BSL-1.0
#include "http/engine.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace cluster::http {

void engine::start_drain(time_point soft, time_point hard, drain_handler handler) {
  if (draining_ || stopped_) {
    post_drained(std::move(handler), boost::asio::error::operation_aborted);
    return;
  }
  clock_.update();
  drain_handler_.put(std::move(handler));
  draining_ = true;
  const bool at_once = soft <= std::chrono::steady_clock::now();
  if (at_once) begin_announcing();
  in_batch_ = true;
  acceptor_.settle_and_close();  // an accepted connection is a session: it gets its answer
  in_batch_ = false;
  if (at_once) {
    announce_end();
    if (stopped_) return;  // there was nothing; a timer set now would keep the context running
  } else {
    soft_timer_.expires_at(soft);
    soft_timer_.async_wait([self = shared_from_this()](const error_code& ec) {
      if (!ec && !self->stopped_) self->announce_end();
    });
  }
  hard_timer_.expires_at(hard);
  hard_timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (!ec) self->cut_off();
  });
  const auto grace = options_.drain_tls_idle_time;
  drain_sealed_until_ = grace.count() > 0 ? after(grace) : clock_.now();
  pool_.for_each([this](connection& c) {
    if (c.at == phase::handling) drain_stream(*c.current);
    // What cannot move is told with its next answer, and is not waited for as long as it likes.
    if (c.at == phase::idle && c.unsent.empty() && c.own.sealed()) wheel_.set(c, idle_limit(c));
  });
  on_move_change();
}

// From now on each answer is its connection's last, and a connection without a request may bring one only
// for a moment more.
void engine::announce_end() {
  clock_.update();
  begin_announcing();
  pool_.for_each([this](connection& c) {
    if (c.at == phase::idle && c.unsent.empty()) wheel_.set(c, drain_idle_until_);
  });
  send_sessions_away();
  if (!queue_.empty()) schedule();
  check_drained();
}

void engine::begin_announcing() noexcept {
  announcing_ = true;
  const auto grace = options_.drain_idle_time;
  drain_idle_until_ = grace.count() > 0 ? after(grace) : clock_.now();
}

void engine::cut_off() {
  if (!drain_handler_) return;
  finish_drain(make_error_code(error::timed_out));
  stop();
}

void engine::check_drained() {
  if (pool_.open_count() != 0 || !sessions_.empty() || !drain_handler_) return;
  if (mover_.under_way && mover_.under_way() != 0) return;
  finish_drain({});
  stop();
}

void engine::finish_drain(error_code ec) {
  if (drain_handler_) post_drained(drain_handler_.take(), ec);
}

void engine::post_drained(drain_handler handler, error_code ec) {
  boost::asio::post(context_, [fallback = context_.get_executor(), handler = std::move(handler),
                               ec]() mutable {
    auto executor = boost::asio::get_associated_executor(handler, fallback);
    boost::asio::dispatch(executor, [handler = std::move(handler), ec]() mutable { std::move(handler)(ec); });
  });
}

// May be called from the depth of a turn: everything that comes after it there finds dead connections.
void engine::stop() {
  if (stopped_) return;
  stopped_ = true;
  finish_drain(boost::asio::error::operation_aborted);
  acceptor_.close();
  pool_.for_each([this](connection& c) { close(c); });
  stop_sessions();
  set_.cancel();
  tick_.cancel();
  soft_timer_.cancel();
  hard_timer_.cancel();
}

}  // namespace cluster::http
