// SPDX-License-Identifier: BSL-1.0
#include "http/engine.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace cluster::http {

void engine::start_drain(std::chrono::steady_clock::time_point hard_deadline, drain_handler handler) {
  if (draining_ || stopped_) {
    post_drained(std::move(handler), boost::asio::error::operation_aborted);
    return;
  }
  clock_.update();
  drain_handler_.put(std::move(handler));
  draining_ = true;
  const auto grace = options_.drain_idle_time;
  drain_idle_until_ = grace.count() > 0 ? after(grace) : clock_.now();
  in_batch_ = true;
  acceptor_.settle_and_close();  // an accepted connection is a session: it gets its answer
  pool_.for_each([this](connection& c) {
    if (c.at == phase::idle && c.unsent.empty()) wheel_.set(c, drain_idle_until_);
  });
  in_batch_ = false;
  if (!queue_.empty()) schedule();
  drain_timer_.expires_at(hard_deadline);
  drain_timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (ec || !self->drain_handler_) return;
    self->finish_drain(make_error_code(error::timed_out));
    self->stop();
  });
  check_drained();
}

void engine::check_drained() {
  if (pool_.open_count() != 0 || !drain_handler_) return;
  finish_drain({});
  stop();
}

void engine::finish_drain(error_code ec) {
  if (drain_handler_) post_drained(drain_handler_.take(), ec);
}

void engine::post_drained(drain_handler handler, error_code ec) {
  boost::asio::post(context_, [fallback = context_.get_executor(), handler = std::move(handler), ec]() mutable {
    auto executor = boost::asio::get_associated_executor(handler, fallback);
    boost::asio::dispatch(executor,
                          [handler = std::move(handler), ec]() mutable { std::move(handler)(ec); });
  });
}

// May be called from the depth of a turn: everything that comes after it there finds dead connections.
void engine::stop() {
  if (stopped_) return;
  stopped_ = true;
  finish_drain(boost::asio::error::operation_aborted);
  acceptor_.close();
  pool_.for_each([this](connection& c) { close(c); });
  set_.cancel();
  tick_.cancel();
  drain_timer_.cancel();
}

std::vector<engine::detached> engine::detach() {
  std::vector<detached> out;
  pool_.for_each([&](connection& c) {
    if (!c.at_boundary() || !c.unsent.empty()) return;
    out.push_back({c.fd, std::string(c.unread.view())});
    set_.remove(c.fd);
    release(c);
  });
  pool_.recycle();
  return out;
}

void engine::adopt(int fd, std::string_view unread) {
  clock_.update();
  open(fd, unread);
  arm();
}

}  // namespace cluster::http
