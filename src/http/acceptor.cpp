// SPDX-License-Identifier: BSL-1.0
#include "http/acceptor.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cluster::http {
namespace {

[[noreturn]] void throw_errno(const char* what) {
  throw boost::system::system_error(errno, boost::system::system_category(), what);
}

}  // namespace

acceptor::acceptor(boost::asio::io_context& context, poll_set& set, const server_options& options,
                   on_connection taken)
    : set_(set), options_(options), taken_(std::move(taken)), timer_(context) {}

acceptor::~acceptor() { close(); }

void acceptor::add(const listener& from) {
  const int fd = ::fcntl(from.native_handle, F_DUPFD_CLOEXEC, 3);
  if (fd < 0) throw_errno("listener: dup");
  auto added = std::make_unique<entry>(entry{{poll_target::kind::listener}, fd, from});
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ((flags & O_NONBLOCK) == 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)) {
    ::close(fd);
    throw_errno("listener: non-blocking mode");
  }
  // Connections inherit it from the listener, which saves a call for each of them.
  const int on = 1;
  if (from.kind == listener::family::tcp) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (listens() && !watch(*added)) {
    ::close(fd);
    throw_errno("listener: epoll_ctl");
  }
  entries_.push_back(std::move(added));
}

acceptor::result acceptor::accept_one(entry& from) {
  const int fd = ::accept4(from.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    complained_ = false;
    taken_(fd, from.from);
    return result::taken;
  }
  switch (errno) {
    case EAGAIN: return result::empty;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return result::exhausted;
    default:  // of the connection that was to come (ECONNABORTED and its like), not of the listener
      return result::lost;
  }
}

bool acceptor::ready(poll_target& target, sighting how) {
  auto& from = static_cast<entry&>(target);
  if (from.fd < 0 || !listens()) return false;
  if (has_enough()) {
    constexpr std::chrono::milliseconds look_again{5};
    pause(look_again);
    return false;
  }
  // Nobody else was woken for one that an exclusive watch was waited for.
  const bool sure = from.exclusive && how != sighting::looking;
  if (!std::exchange(waited_, false) && !sure && above_share()) {
    let_others_go_first();
    return false;
  }
  const result got = accept_one(from);
  if (how == sighting::alone && (got == result::taken || !from.exclusive)) take_turns(from);
  if (std::exchange(last_, how) == sighting::alone && how == sighting::alone) in_a_row_ = 0;
  if (!may_have_more(got)) return false;
  if (in_a_row_ <= crowd || has_enough() || above_share()) return true;
  return may_have_more(accept_one(from));
}

// Only of who waits is the next one in turn chosen; among those that are busy it is who looks first. Serving
// what was accepted may have closed everything.
void acceptor::take_turns(entry& one) {
  if (!set_.is_host() || one.fd < 0 || !listens() || !has_peers()) return;
  set_.remove_listener(one.fd);
  if (!watch(one)) rest();
}

void acceptor::reconsider() {
  const auto exclusive = [](const auto& e) { return e->exclusive; };
  if (!listens() || !std::ranges::any_of(entries_, exclusive) || !has_enough()) return;
  unwatch();
  listen();
}

bool acceptor::watch(entry& one) noexcept {
  one.exclusive = set_.is_host() && !complained_ && !has_enough() && !above_share();
  return set_.add_listener(one.fd, one, one.exclusive);
}

void acceptor::unwatch() noexcept {
  if (!listens()) return;
  for (const auto& e : entries_)
    if (e->fd >= 0) set_.remove_listener(e->fd);
}

bool acceptor::may_have_more(result last) {
  switch (last) {
    case result::taken: ++in_a_row_; return true;
    case result::lost: return true;
    case result::empty: in_a_row_ = 0; return false;
    case result::exhausted: rest(); return false;
  }
  return false;
}

void acceptor::rest() {
  if (resting_) return;
  const std::string why = boost::system::system_category().message(errno);
  ++rests_;
  if (!complained_) complain("rests: " + why);
  complained_ = true;
  pause(options_.accept_backoff);
}

// Somebody has to know: it is an event of the cluster, as far as there is one.
void acceptor::complain(const std::string& what) const {
  if (options_.on_failure) options_.on_failure("accept", what);
  else options_.log(log_level::warning, "http: accept " + what);
}

// A worker that is merely faster at waking up would otherwise gather most of the connections.
void acceptor::let_others_go_first() {
  waited_ = true;
  pause(std::chrono::milliseconds(1));
}

void acceptor::pause(std::chrono::milliseconds time) {
  unwatch();
  resting_ = true;
  timer_.expires_after(time);
  // The timer may have fired already when this object goes; then its handler still comes.
  timer_.async_wait([this, alive = std::weak_ptr<const char>(alive_)](const error_code& ec) {
    if (!ec && !alive.expired()) resume();
  });
}

void acceptor::resume() {
  if (!resting_) return;
  resting_ = false;
  listen();
}

void acceptor::hold(bool on) {
  if (held_ == on) return;
  if (on) unwatch();
  held_ = on;
  listen();
}

void acceptor::listen() {
  if (!listens()) return;
  for (const auto& e : entries_) {
    if (e->fd >= 0 && !watch(*e)) return rest();
  }
}

void acceptor::settle_and_close() {
  for (const auto& e : entries_) settle(*e, false);
  close();
}

// Bounded, since new ones may come as fast as they are taken; what is left stays in the queue for the
// other owners of the socket.
void acceptor::settle(entry& from, bool regardless) {
  constexpr int most = 4096;
  for (int i = 0; i < most && from.fd >= 0 && !held_; ++i) {
    if (!regardless && has_enough()) break;
    const result got = accept_one(from);
    if (got == result::empty || got == result::exhausted) break;
  }
}

void acceptor::remove(std::uint64_t number) {
  const auto found =
      std::ranges::find_if(entries_, [&](const auto& each) { return each->from.number == number; });
  if (found == entries_.end()) return;
  removed_.push_back(std::move(*found));
  entries_.erase(found);
  settle(*removed_.back(), true);
  close(*removed_.back());
}

void acceptor::close(entry& one) noexcept {
  if (one.fd < 0) return;
  set_.remove_listener(one.fd);
  ::close(one.fd);
  one.fd = -1;
}

void acceptor::close() noexcept {
  timer_.cancel();
  for (const auto& e : entries_) close(*e);
  // The entries stay: events that were fetched already may point to them.
  resting_ = false;
}

}  // namespace cluster::http
