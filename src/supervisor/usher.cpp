// SPDX-License-Identifier: BSL-1.0
#include "supervisor/usher.hpp"

#include <boost/asio/error.hpp>

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace cluster {
namespace {

constexpr std::size_t most_waiting = 256;
constexpr std::size_t most_peeking = 1024;
constexpr int at_once = 64;  ///< then others get the loop
/// Workers close connections without a word to us, so a limit that was reached is looked at again.
constexpr std::chrono::milliseconds look_again{5};
constexpr std::chrono::milliseconds until_shortage_passes{100};

}  // namespace

std::size_t usher::add(os::unique_fd listening, std::uint64_t number, std::string name) {
  sources_.emplace(++last_source_,
                   std::make_shared<source>(
                       source{descriptor_type(executor_, listening.release()), number, std::move(name)}));
  return last_source_;
}

void usher::open(std::size_t which, bool accept) {
  const auto found = sources_.find(which);
  if (found == sources_.end()) return;
  source& at = *found->second;
  if (std::exchange(at.open, accept) == accept) return;
  if (accept) return wait(found->second);
  error_code ignored;
  at.socket.cancel(ignored);
}

bool usher::finish(std::uint64_t number) {
  for (auto each = sources_.begin(); each != sources_.end();) {
    const source_pointer at = each->second;
    if (at->number != number) {
      ++each;
      continue;
    }
    take_in(at, true);
    if (complained_) return false;
    error_code ignored;
    at->open = false;
    at->socket.close(ignored);
    each = sources_.erase(each);
  }
  return true;
}

bool usher::holds(std::uint64_t number) const {
  const auto from_there = [number](const guest& each) { return each.at->number == number; };
  return std::ranges::any_of(waiting_, from_there) ||
         std::ranges::any_of(in_flight_, [&](const auto& each) { return from_there(each.second); }) ||
         std::ranges::any_of(peeking_, [&](const auto& each) { return from_there(each.second.who); });
}

// More would only wait here in place of the accept queue. A limit of connections has no event that says when
// it is no longer reached; then the next client is awaited all the same, and looked at again and again.
bool usher::holds_enough() const {
  return resting_ || waiting_.size() >= most_waiting || peeking_.size() >= most_peeking ||
         (!who_.room() && !(limited() && who_.anybody()));
}

void usher::wait(const source_pointer& at) {
  if (!at->open || !at->socket.is_open() || holds_enough() || std::exchange(at->waiting, true)) return;
  at->socket.async_wait(descriptor_type::wait_read, [weak = weak_from_this(), at](const error_code& ec) {
    const auto self = weak.lock();
    if (!self) return;
    at->waiting = false;
    if ((ec && ec != boost::asio::error::operation_aborted) || !at->open || !at->socket.is_open()) return;
    for (int i = 0; i < at_once && !self->holds_enough() && self->who_.room(); ++i)
      if (!self->accept_from(at)) break;
    if (self->limited() && !self->who_.room()) self->rest(look_again);
    self->wait(at);
  });
}

// Placing a connection may change nothing here but what waits.
void usher::wait_at_all() {
  for (const auto& [which, at] : sources_) wait(at);
}

// Bounded, as a peer may come faster than it can be taken in.
void usher::take_in(const source_pointer& at, bool regardless) {
  constexpr int most = 4096;
  for (int i = 0; i < most && (regardless || who_.room()) && accept_from(at); ++i) {}
}

// False: there is nothing more at this moment.
bool usher::accept_from(const source_pointer& at) {
  guest who{{}, at, {}};
  const error_code ec = os::accept_connection(at->socket.native_handle(), who.from);
  if (ec == boost::asio::error::would_block) return false;
  if (os::is_shortage(ec)) {
    if (!std::exchange(complained_, true)) how_.log(log_level::warning, "accepting rests: " + ec.message());
    rest(until_shortage_passes);
    return false;
  }
  if (ec) return true;  // of the connection that was to come
  complained_ = false;
  welcome(std::move(who));
  return true;
}

void usher::welcome(guest who) {
  if (!how_.router.choose) return place(std::move(who));
  if (how_.router.peek_bytes == 0) {
    who.choice = choose(who, {}, true);
    return place(std::move(who));
  }
  const std::uint64_t which = ++last_number_;
  const int fd = who.from.fd.release();
  peeker& one = peeking_
                    .emplace(which, peeker{std::move(who), descriptor_type(executor_, fd),
                                           boost::asio::steady_timer(executor_, how_.router.peek_time)})
                    .first->second;
  one.deadline.async_wait([weak = weak_from_this(), which](const error_code& ec) {
    const auto self = weak.lock();
    if (!ec && self) self->look_at(which, true);
  });
  look_at(which, false);
}

connection_choice usher::choose(const guest& who, std::string_view first, bool complete) const {
  connection_choice how;
  try {
    how = how_.router.choose({who.at->name, who.from.address, who.from.port, first, complete});
  } catch (const std::exception& problem) {
    how_.log(log_level::error, std::string("the router of connections threw: ") + problem.what());
  } catch (...) {
    how_.log(log_level::error, "the router of connections threw something that is no std::exception");
  }
  if (complete && how.how == connection_choice::kind::more) how = {};
  return how;
}

void usher::look_at(std::uint64_t which, bool complete) {
  const auto found = peeking_.find(which);
  if (found == peeking_.end()) return;
  peeker& one = found->second;
  const int fd = one.socket.native_handle();
  std::array<char, max_peek_bytes> buffer;
  const std::size_t wanted = how_.router.peek_bytes;
  std::size_t size = 0;
  const error_code ec = os::peek(fd, std::span(buffer).first(wanted), size);
  const bool none = ec == boost::asio::error::would_block;
  if (ec && !none) {
    peeking_.erase(found);  // the client has gone
    return pump();
  }
  complete = complete || size == wanted || (size == 0 && !none);
  one.who.choice = choose(one.who, {buffer.data(), size}, complete);
  if (one.who.choice.how == connection_choice::kind::more) {
    os::readable_from(fd, size + 1);
    one.socket.async_wait(descriptor_type::wait_read, [weak = weak_from_this(), which](const error_code& no) {
      const auto self = weak.lock();
      if (!no && self) self->look_at(which, false);
    });
    return;
  }
  guest who = std::move(one.who);
  who.from.fd.reset(one.socket.release());
  os::readable_from(who.from.fd.get(), 1);
  peeking_.erase(found);
  place(std::move(who));
  pump();
}

// False: nobody has room for it now.
bool usher::send(guest& who) {
  for (;;) {
    const auto to = who_.next(who.choice);
    if (!to) return false;
    os::unique_fd copy(::fcntl(who.from.fd.get(), F_DUPFD_CLOEXEC, 3));
    if (!copy) {
      rest(until_shortage_passes);
      return false;
    }
    const std::uint64_t number = ++last_number_;
    if (how_.give(*to, {number, {}, {}, who.at->number}, std::move(copy))) {
      who_.leave(*to);
      continue;
    }
    who_.sent(*to, number);
    in_flight_.emplace(number, std::move(who));
    return true;
  }
}

void usher::place(guest who) {
  if (!send(who)) waiting_.push_back(std::move(who));
}

// Something may have room again: first for those who wait here, then for those in the accept queues.
void usher::pump() {
  for (auto each = waiting_.begin(); each != waiting_.end();) {
    const bool in_turn = each->choice.how == connection_choice::kind::next;
    if (send(*each)) each = waiting_.erase(each);
    else if (in_turn) break;
    else ++each;
  }
  if (limited() && !waiting_.empty() && who_.anybody()) rest(look_again);
  wait_at_all();
}

void usher::rest(std::chrono::milliseconds time) {
  if (std::exchange(resting_, true)) return;
  retry_.expires_after(time);
  retry_.async_wait([weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    self->resting_ = false;
    self->pump();
  });
}

void usher::serve(worker_id worker, slot_id slot) {
  if (refuse_.contains(worker) || who_.serves(worker)) return;
  who_.serve(worker, slot);
  pump();
}

void usher::gone(worker_id worker) {
  refuse_.erase(worker);
  for (const std::uint64_t number : who_.gone(worker)) {
    auto found = in_flight_.extract(number);
    if (found) place(std::move(found.mapped()));
  }
  pump();
}

bool usher::on_taken(worker_id worker, std::uint64_t number) {
  if (!who_.settled(worker, number)) return false;
  in_flight_.erase(number);
  pump();
  return true;
}

// It leaves, or is of a kind that takes none: it is not asked again.
bool usher::on_declined(worker_id worker, std::uint64_t number) {
  if (!who_.settled(worker, number)) return false;
  who_.leave(worker);
  refuse_.insert(worker);
  auto found = in_flight_.extract(number);
  place(std::move(found.mapped()));
  pump();
  return true;
}

void usher::settle() {
  // Whoever has shown nothing yet has waited long enough.
  while (!peeking_.empty()) look_at(peeking_.begin()->first, true);
  for (const auto& [which, at] : sources_) {
    if (!at->open) continue;
    take_in(at, false);
    while (!peeking_.empty()) look_at(peeking_.begin()->first, true);
    at->open = false;
    error_code ignored;
    at->socket.cancel(ignored);
  }
}

void usher::close() {
  retry_.cancel();
  for (const auto& [which, at] : sources_) {
    error_code ignored;
    at->open = false;
    at->socket.close(ignored);
  }
  in_flight_.clear();
  waiting_.clear();
  peeking_.clear();
}

}  // namespace cluster
