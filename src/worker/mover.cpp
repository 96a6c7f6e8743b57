// SPDX-License-Identifier: BSL-1.0
#include "worker/mover.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace cluster {
namespace {

// Enough to keep an heir busy, few enough that one that does not read holds little.
constexpr std::size_t window = 64;
// Below this there is room again: whoever waits for room looks at all its connections each time.
constexpr std::size_t low_water = window / 2;

// A full window of the largest offers.
constexpr ipc::channel_limits line_limits{2 * window, window* ipc::max_message_size, window};

}  // namespace

void mover::add_heir(os::unique_fd socket) {
  heir& added = heirs_.emplace_back();
  added.line = std::make_shared<ipc::channel>(context_.get_executor(), std::move(socket), line_limits);
  // The list keeps its elements in place, and an heir leaves it only together with its line's handlers.
  added.line->start(
      [weak = weak_from_this(), &added](const ipc::message& what, std::vector<os::unique_fd>) {
        if (const auto self = weak.lock()) self->on_answer(added, what);
      },
      [weak = weak_from_this(), &added](error_code) {
        if (const auto self = weak.lock()) self->lose(added);
      });
  changed();
}

void mover::add_source(os::unique_fd socket) {
  const auto line = std::make_shared<ipc::channel>(context_.get_executor(), std::move(socket), line_limits);
  sources_.push_back(line);
  line->start(
      [weak = weak_from_this(), source = std::weak_ptr(line)](const ipc::message& what,
                                                              std::vector<os::unique_fd> descriptors) {
        const auto self = weak.lock();
        const auto open = source.lock();
        if (self && open) self->on_offer(open, what, std::move(descriptors));
      },
      [weak = weak_from_this(), source = std::weak_ptr(line)](error_code) {
        if (const auto self = weak.lock()) self->sources_.remove(source.lock());
      });
}

bool mover::possible() const noexcept {
  return std::ranges::any_of(heirs_, [](const heir& each) { return each.unsettled.size() < window; });
}

std::size_t mover::under_way() const noexcept {
  std::size_t count = 0;
  for (const heir& each : heirs_) count += each.unsettled.size();
  return count;
}

// The one with the least under way: spreads evenly, and passes by one that does not answer.
mover::heir* mover::next_heir() noexcept {
  const auto best =
      std::ranges::min_element(heirs_, {}, [](const heir& each) { return each.unsettled.size(); });
  return best != heirs_.end() && best->unsettled.size() < window ? &*best : nullptr;
}

bool mover::move(moving_connection& what) {
  if (what.unread.size() > ipc::max_unread || what.state.size() > ipc::max_state) return false;
  heir* to = next_heir();
  if (to == nullptr) return false;
  std::vector<os::unique_fd> copy;
  copy.emplace_back(::fcntl(what.fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.back()) return false;
  const std::uint64_t number = ++last_number_;
  const error_code ec = to->line->send(ipc::offer{number, what.unread, what.state}, std::move(copy));
  if (ec) return false;
  pending kept{os::unique_fd(std::exchange(what.fd, -1)), std::move(what.unread), std::move(what.state)};
  to->unsettled.emplace(number, std::move(kept));
  // An heir that is not in use behind this one's back gets its turn next.
  const auto used = std::ranges::find_if(heirs_, [&](const heir& each) { return &each == to; });
  heirs_.splice(heirs_.end(), heirs_, used);
  return true;
}

void mover::on_answer(heir& from, const ipc::message& what) {
  if (const auto* taken = std::get_if<ipc::taken>(&what)) {
    moved_ += from.unsettled.erase(taken->number);
    if (from.unsettled.empty() || from.unsettled.size() == low_water) changed();
  } else if (std::holds_alternative<ipc::declined>(what)) {
    lose(from);
  }
}

// The heir is gone or wants no more: everything that it has not taken is ours again.
void mover::lose(heir& gone) {
  gone.line->close();
  const auto found = std::ranges::find_if(heirs_, [&](const heir& each) { return &each == &gone; });
  std::map<std::uint64_t, pending> back = std::move(found->unsettled);
  heirs_.erase(found);
  for (auto& [number, each] : back) give_back(std::move(each));
  changed();
}

void mover::give_back(pending back) {
  moving_connection again{back.fd.get(), std::move(back.unread), std::move(back.state), true, nullptr};
  if (on_arrival_ && on_arrival_(std::move(again))) static_cast<void>(back.fd.release());
}

void mover::on_offer(const std::shared_ptr<ipc::channel>& line, const ipc::message& what,
                     std::vector<os::unique_fd> descriptors) {
  const auto* offer = std::get_if<ipc::offer>(&what);
  if (offer == nullptr || descriptors.size() != 1) return;
  if (closed_ || !on_arrival_) {
    line->send(ipc::declined{offer->number});
    return;
  }
  // First the answer, then the first read: that is what lets the sender take back what got none. A full
  // window of answers fits the socket many times over, so `send` does not have to queue it.
  if (line->send(ipc::taken{offer->number})) return;
  moving_connection arrived{descriptors.front().get(), offer->unread, offer->state, false, nullptr};
  if (on_arrival_(std::move(arrived))) static_cast<void>(descriptors.front().release());
}

void mover::on_offer_from_supervisor(ipc::channel& channel, const ipc::offer& what, os::unique_fd connection,
                                     const listener* from) {
  if (closed_ || !on_arrival_) {
    channel.send(ipc::declined{what.number});
    return;
  }
  channel.send(ipc::taken{what.number});
  moving_connection arrived{connection.get(), {}, {}, false, from};
  if (on_arrival_(std::move(arrived))) static_cast<void>(connection.release());
}

void mover::changed() {
  if (on_change_) on_change_();
}

void mover::close() {
  for (heir& each : heirs_) each.line->close();
  for (const auto& each : sources_) each->close();
  heirs_.clear();
  sources_.clear();
}

}  // namespace cluster
