// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/incoming.hpp"
#include "worker/impl.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace cluster {

/// Accepts for async_accept.
class worker::impl::intake : public std::enable_shared_from_this<intake> {
 public:
  explicit intake(worker::impl& owner) : owner_(owner), pause_(owner.context) {
    for (const listener& each : owner.listeners) static_cast<void>(add(each));
  }

  /// False: no descriptor is left.
  bool add(const listener& from) {
    const int fd = ::fcntl(from.native_handle, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) return false;
    sources_.push_back(
        std::make_shared<source>(source{descriptor_type(owner_.context, fd), from.number, false}));
    proceed();
    return true;
  }

  /// What waits there is taken in, unless the supervisor has done so.
  void remove(std::uint64_t number) {
    constexpr int most = 4096;
    const auto found =
        std::ranges::find_if(sources_, [&](const auto& each) { return each->number == number; });
    if (found == sources_.end()) return;
    const std::shared_ptr<source> at = *found;
    sources_.erase(found);
    os::incoming got;
    for (int i = 0; i < most && owner_.accepts(); ++i) {
      const error_code ec = os::accept_connection(at->socket.native_handle(), got);
      if (ec == boost::asio::error::would_block || os::is_shortage(ec)) break;
      if (ec) continue;
      if (pending_) finish({}, descriptor(got.fd.release()));
      else arrived_.emplace_back(got.fd.release());
    }
    error_code ignored;
    at->socket.close(ignored);
  }

  bool busy() const noexcept { return static_cast<bool>(pending_); }
  bool has_some() const noexcept { return !arrived_.empty(); }

  void take(accept_handler handler) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected())
      slot.assign([weak = weak_from_this()](boost::asio::cancellation_type type) {
        const auto self = weak.lock();
        if (self && type != boost::asio::cancellation_type::none)
          self->finish(boost::asio::error::operation_aborted, {});
      });
    pending_.put(std::move(handler));
    work_.emplace(boost::asio::make_work_guard(owner_.context));
    if (arrived_.empty()) return proceed();
    descriptor next = std::move(arrived_.front());
    arrived_.pop_front();
    finish({}, std::move(next));
  }

  /// From the supervisor, or from a worker that drains.
  bool arrive(int connection) {
    constexpr std::size_t most = 256;
    if (!pending_ && arrived_.size() == most) return false;
    if (pending_) finish({}, descriptor(connection));
    else arrived_.emplace_back(connection);
    return true;
  }

  void proceed() {
    if (!pending_ || pausing_ || !owner_.accepts()) return;
    for (const auto& each : sources_) wait(each);
  }

  void end() {
    pause_.cancel();
    for (const auto& each : sources_) {
      error_code ignored;
      each->socket.close(ignored);
    }
    finish(boost::asio::error::operation_aborted, {});
  }

 private:
  using descriptor_type = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
  struct source {
    descriptor_type socket;
    std::uint64_t number;  ///< of the listener
    bool waiting;
  };

  void wait(const std::shared_ptr<source>& at) {
    if (!at->socket.is_open() || std::exchange(at->waiting, true)) return;
    at->socket.async_wait(descriptor_type::wait_read, [weak = weak_from_this(), at](const error_code& ec) {
      const auto self = weak.lock();
      if (!self) return;
      at->waiting = false;
      if (!ec && at->socket.is_open() && self->pending_ && self->owner_.accepts()) self->accept_from(at);
    });
  }

  // Only a moment later where others are to go first, and not before there is room where all have enough.
  void accept_from(const std::shared_ptr<source>& at) {
    if (owner_.has_enough()) return rest(std::chrono::milliseconds(5));
    if (!std::exchange(waited_, false) && owner_.board.above_share(owner_.identity.slot.value)) {
      waited_ = true;
      return rest(std::chrono::milliseconds(1));
    }
    os::incoming got;
    const error_code ec = os::accept_connection(at->socket.native_handle(), got);
    if (!ec) return finish({}, descriptor(got.fd.release()));
    if (os::is_shortage(ec)) return rest(std::chrono::milliseconds(100));
    wait(at);
  }

  void rest(std::chrono::milliseconds time) {
    if (std::exchange(pausing_, true)) return;
    pause_.expires_after(time);
    pause_.async_wait([weak = weak_from_this()](const error_code& ec) {
      const auto self = weak.lock();
      if (ec || !self) return;
      self->pausing_ = false;
      self->proceed();
    });
  }

  void finish(error_code ec, descriptor connection) {
    if (!pending_) return;
    accept_handler handler = pending_.take();
    work_.reset();
    boost::asio::get_associated_cancellation_slot(handler).clear();
    boost::asio::post(owner_.context.get_executor(),
                      boost::asio::append(std::move(handler), ec, std::move(connection)));
  }

  worker::impl& owner_;  ///< which owns this
  boost::asio::steady_timer pause_;
  std::vector<std::shared_ptr<source>> sources_;  ///< shared with what waits at them
  std::deque<descriptor> arrived_;
  handler_slot<accept_handler> pending_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  bool pausing_ = false;
  bool waited_ = false;
};

}  // namespace cluster
