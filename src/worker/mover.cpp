// SPDX-License-Identifier: BSL-1.0
#include "worker/mover.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

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
  source& added = sources_.emplace_back();
  added.line = std::make_shared<ipc::channel>(context_.get_executor(), std::move(socket), line_limits);
  // As with heirs: a source leaves the list only together with its line's handlers.
  added.line->on_turn_end([weak = weak_from_this(), &added] {
    if (const auto self = weak.lock()) self->take_offers(added);
  });
  added.line->start(
      [weak = weak_from_this(), &added](const ipc::message& what, std::vector<os::unique_fd> descriptors) {
        if (const auto self = weak.lock()) self->on_offer(added, what, std::move(descriptors));
      },
      [weak = weak_from_this(), &added](error_code) {
        const auto self = weak.lock();
        if (self) self->sources_.remove_if([&](const source& each) { return &each == &added; });
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
  if (!what.unread.empty() || !what.state.empty()) {
    send(*to);
    const ipc::offer alone{to->last_number + 1, what.unread, what.state};
    if (to->line->send_lent(alone, std::span(&what.fd, 1))) return false;
  } else {
    to->together.push_back(what.fd);
    if (to->together.size() == 1) send_soon();
  }
  pending kept{os::unique_fd(std::exchange(what.fd, -1)), std::move(what.unread), std::move(what.state)};
  to->unsettled.emplace(++to->last_number, std::move(kept));
  if (to->together.size() == ipc::max_offered) send(*to);
  // An heir that is not in use behind this one's back gets its turn next.
  const auto used = std::ranges::find_if(heirs_, [&](const heir& each) { return &each == to; });
  heirs_.splice(heirs_.end(), heirs_, used);
  return true;
}

void mover::send_soon() {
  if (std::exchange(sends_soon_, true)) return;
  boost::asio::post(context_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->sends_soon_ = false;
    for (heir& each : self->heirs_) send(each);
  });
}

// What cannot be sent ends the line, and comes back with everything else that has no answer.
void mover::send(heir& to) {
  if (to.together.empty()) return;
  const std::uint64_t first = to.last_number + 1 - to.together.size();
  static_cast<void>(to.line->send_lent(ipc::offer{first, {}, {}}, to.together));
  to.together.clear();
}

void mover::on_answer(heir& from, const ipc::message& what) {
  if (const auto* taken = std::get_if<ipc::taken>(&what)) {
    const auto last = from.unsettled.find(taken->number);
    if (last == from.unsettled.end()) return;
    const auto first =
        taken->since == 0 || taken->since > taken->number ? last : from.unsettled.lower_bound(taken->since);
    const std::size_t before = from.unsettled.size();
    from.unsettled.erase(first, std::next(last));
    moved_ += before - from.unsettled.size();
    if (from.unsettled.empty() || (before > low_water && from.unsettled.size() <= low_water)) changed();
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

void mover::on_offer(source& from, const ipc::message& what, std::vector<os::unique_fd> descriptors) {
  const auto* offer = std::get_if<ipc::offer>(&what);
  if (offer == nullptr || descriptors.empty() || descriptors.size() > ipc::max_offered)
    return take_offers(from);  // one answer cannot pass it by
  if (closed_ || !on_arrival_) {
    // Whoever hears that takes back everything that has no answer yet.
    from.offers.clear();
    from.line->send(ipc::declined{offer->number});
    return;
  }
  std::uint64_t number = offer->number;
  from.offers.push_back({number, {std::move(descriptors.front()), offer->unread, offer->state}});
  for (os::unique_fd& each : std::span(descriptors).subspan(1))
    from.offers.push_back({++number, {std::move(each), {}, {}}});
}

// First the answer, then the first read: that is what lets the sender take back what got none. A full window
// of answers fits the socket many times over, so `send` does not have to queue it.
void mover::take_offers(source& from) {
  if (from.offers.empty()) return;
  std::vector<source::offered> all = std::exchange(from.offers, {});
  if (from.line->send(ipc::taken{all.back().number, all.front().number})) return;
  for (source::offered& each : all) {
    pending& connection = each.connection;
    moving_connection arrived{connection.fd.get(), std::move(connection.unread), std::move(connection.state),
                              false, nullptr};
    if (on_arrival_(std::move(arrived))) static_cast<void>(connection.fd.release());
  }
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
  for (source& each : sources_) each.line->close();
  heirs_.clear();
  sources_.clear();
}

}  // namespace cluster
