// SPDX-License-Identifier: BSL-1.0
// Who takes connections: this worker from its listeners, or the supervisor for it.
#include "os/incoming.hpp"
#include "worker/impl.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <deque>
#include <utility>

namespace cluster {

bool worker::impl::accepts() const noexcept {
  return !notice && (identity.schedule != schedule::round_robin || orphaned_since);
}

bool worker::impl::has_enough() const noexcept {
  if (identity.max_connections != 0 && load >= identity.max_connections) return true;
  return identity.max_connections_total != 0 && board.total() >= identity.max_connections_total;
}

/// Accepts for async_accept.
class worker::impl::intake : public std::enable_shared_from_this<intake> {
 public:
  explicit intake(worker::impl& owner) : owner_(owner), pause_(owner.context) {
    for (const listener& each : owner.listeners)
      if (const int fd = ::fcntl(each.native_handle, F_DUPFD_CLOEXEC, 3); fd >= 0)
        sources_.push_back({descriptor_type(owner.context, fd), false});
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
    for (source& each : sources_) wait(each);
  }

  void end() {
    pause_.cancel();
    for (source& each : sources_) {
      error_code ignored;
      each.socket.close(ignored);
    }
    finish(boost::asio::error::operation_aborted, {});
  }

 private:
  using descriptor_type = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
  struct source {
    descriptor_type socket;
    bool waiting;
  };

  void wait(source& at) {
    if (!at.socket.is_open() || std::exchange(at.waiting, true)) return;
    at.socket.async_wait(descriptor_type::wait_read, [weak = weak_from_this(), &at](const error_code& ec) {
      const auto self = weak.lock();
      if (!self) return;
      at.waiting = false;
      if (!ec && self->pending_ && self->owner_.accepts()) self->accept_from(at);
    });
  }

  // Only a moment later where others are to go first, and not before there is room where all have enough.
  void accept_from(source& at) {
    if (owner_.has_enough()) return rest(std::chrono::milliseconds(5));
    if (!std::exchange(waited_, false) && owner_.board.above_share(owner_.identity.slot.value)) {
      waited_ = true;
      return rest(std::chrono::milliseconds(1));
    }
    os::incoming got;
    const error_code ec = os::accept_connection(at.socket.native_handle(), got);
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
  std::deque<source> sources_;
  std::deque<descriptor> arrived_;
  handler_slot<accept_handler> pending_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  bool pausing_ = false;
  bool waited_ = false;
};

void worker::impl::on_offer(const ipc::offer& what, std::vector<os::unique_fd> descriptors) {
  constexpr std::size_t most = 128;
  if (descriptors.size() != 1) return;
  // One that is not acknowledged yet can still go to another worker.
  if (taking && !taking->busy() && !notice && offered.size() < most) {
    offered.emplace_back(what, std::move(descriptors.front()));
    return;
  }
  const bool known = what.listener >= 1 && what.listener <= listeners.size();
  // Counted before it is acknowledged: the supervisor adds up what is open and what is under way.
  if (!notice && state == worker_state::ready) board.publish(identity.slot.value, load + 1);
  moves->on_offer_from_supervisor(*channel, what, std::move(descriptors.front()),
                                  known ? &listeners[what.listener - 1] : nullptr);
}

void worker::impl::accept(accept_handler handler) {
  const auto refuse = [&](error_code why) {
    boost::asio::post(context.get_executor(), boost::asio::append(std::move(handler), why, descriptor{}));
  };
  const bool leaves = notice || state == worker_state::exited;
  if (leaves && (!taking || !taking->has_some())) return refuse(boost::asio::error::operation_aborted);
  if (taking && taking->busy()) return refuse(make_error_code(error::already_running));
  if (!taking) {
    taking = std::make_shared<intake>(*this);
    moves->on_arrival([weak = std::weak_ptr(taking)](moving_connection&& what) {
      const auto to = weak.lock();
      // Without HTTP nobody knows what octets and state of a moved one would mean.
      return to && what.unread.empty() && what.state.empty() && to->arrive(what.fd);
    });
  }
  taking->take(std::move(handler));
  if (offered.empty() || !taking->busy()) return;
  auto [what, connection] = std::move(offered.front());
  offered.pop_front();
  std::vector<os::unique_fd> along;
  along.push_back(std::move(connection));
  on_offer(what, std::move(along));
}

void worker::impl::stop_accepting() {
  if (taking) taking->end();
  for (const auto& [what, connection] : std::exchange(offered, {}))
    if (channel->is_open()) channel->send(ipc::declined{what.number});
}

void worker::impl::accepts_changed() {
  if (notice) stop_accepting();
  else if (taking) taking->proceed();
  if (on_accepts_change) on_accepts_change();
}

}  // namespace cluster
