// SPDX-License-Identifier: BSL-1.0
// Who takes connections: this worker from its listeners, or the supervisor for it.
#include "worker/intake.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace cluster {

bool worker::impl::accepts() const noexcept {
  return !notice && (identity.schedule != schedule::round_robin || orphaned_since);
}

bool worker::impl::has_enough() const noexcept {
  if (identity.max_connections != 0 && load >= identity.max_connections) return true;
  return identity.max_connections_total != 0 && board.total() >= identity.max_connections_total;
}

void worker::impl::on_offer(const ipc::offer& what, std::vector<os::unique_fd> descriptors) {
  constexpr std::size_t most = 128;
  if (descriptors.size() != 1) return;
  // One that is not acknowledged yet can still go to another worker.
  if (taking && !taking->busy() && !notice && offered.size() < most) {
    offered.emplace_back(what, std::move(descriptors.front()));
    return;
  }
  // Counted before it is acknowledged: the supervisor adds up what is open and what is under way.
  if (!notice && state == worker_state::ready) board.publish(identity.slot.value, load + 1);
  moves->on_offer_from_supervisor(*channel, what, std::move(descriptors.front()), listener_of(what.listener));
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
    show_load();
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

// Who has no entry yet has no share, and the others would not let it go first.
void worker::impl::show_load() noexcept {
  if (taking && state == worker_state::ready) board.publish(identity.slot.value, load);
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
