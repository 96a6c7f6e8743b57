// SPDX-License-Identifier: BSL-1.0
#include "http/engine.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace cluster::http {

// Sends what it can; what the socket does not take waits in `unsent` for the edge that says it is writable
// again. Everything a turn answered goes out in one call.
void engine::flush(connection& c) {
  if (c.own.edge && !seal(c)) return;
  if (!c.unsent.empty()) {
    const std::size_t sent = send_some(c, c.unsent.view());
    if (c.at == phase::dead) return out_.clear();
    c.unsent.consume(sent);
    if (c.unsent.empty()) {
      c.unsent.release();
      c.backlog = !c.unread.empty();
    }
  }
  if (c.at == phase::sending || !out_.empty()) flush_rest(c);
  if (c.at == phase::handling) relieve(c);
}

// Content that goes to the socket from where it lies, behind all answers before it. What the socket does not
// take is copied; should the connection be broken, that is found when it is flushed.
void engine::send_apart(connection& c, std::string_view content) {
  const std::string_view before = out_.view();
  std::array<iovec, 2> parts{{{const_cast<char*>(before.data()), before.size()},
                              {const_cast<char*>(content.data()), content.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  ssize_t n;
  do n = ::sendmsg(c.fd, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  const std::size_t sent = n > 0 ? static_cast<std::size_t>(n) : 0;
  counters_.bytes_sent += sent;
  if (sent < before.size()) c.unsent.append(before.substr(sent));
  c.unsent.append(content.substr(sent - std::min(sent, before.size())));
  out_.clear();
}

void engine::flush_rest(connection& c) {
  std::size_t sent = 0;
  if (c.unsent.empty()) {
    sent = send_some(c, out_.view());
    if (c.at == phase::dead) return out_.clear();
  }
  if (sent != out_.size()) c.unsent.append(out_.view().substr(sent));
  out_.clear();
  if (out_.capacity() > 4 * options_.output_high_water) out_.release();
  if (c.at == phase::sending && c.unsent.empty()) send_file(c);
}

// As much as the socket takes, a bounded piece at a time so that the others get their turn.
void engine::send_file(connection& c) {
  constexpr std::uint64_t at_once = 1024 * 1024;
  if (c.own.sealed()) return send_file_sealed(c);
  file_sending& file = *c.file;
  for (std::uint64_t budget = at_once; file.left != 0;) {
    if (budget == 0) return enqueue(c);
    const ssize_t n =
        ::sendfile(c.fd, file.part->fd, &file.next, static_cast<std::size_t>(std::min(budget, file.left)));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    // The file became shorter, or cannot be read: the client has to see that this was not all.
    if (n <= 0) return reset(c);
    const auto sent = static_cast<std::uint64_t>(n);
    counters_.bytes_sent += sent;
    file.left -= sent;
    budget -= sent;
  }
  file_sent(c);
}

void engine::file_sent(connection& c) {
  c.at = c.file->keep ? phase::idle : phase::closing;
  c.file.reset();
  c.backlog = !c.unread.empty();
}

// The number of octets taken. Closes the connection if it is broken.
std::size_t engine::send_some(connection& c, std::string_view octets) {
  ssize_t n;
  const int more = c.at == phase::sending ? MSG_MORE : 0;  // the file follows at once
  do n = ::send(c.fd, octets.data(), octets.size(), MSG_NOSIGNAL | more);
  while (n < 0 && errno == EINTR);
  if (n >= 0) {
    counters_.bytes_sent += static_cast<std::uint64_t>(n);
    return static_cast<std::size_t>(n);
  }
  if (errno == EAGAIN) return 0;
  close(c);
  return 0;
}

// The last answer is with the kernel. Closing now, with octets unread, would reset the connection and could
// take the answer back; so the sending side ends first and the rest is read away (RFC 9112 9.6).
void engine::finish(connection& c) { finish(c, options_.linger_time); }

void engine::finish(connection& c, std::chrono::milliseconds linger_time) {
  if (!c.linger && !c.readable) return close(c);
  if (c.own.edge) take_leave(c);
  ::shutdown(c.fd, SHUT_WR);
  c.at = phase::lingering;
  c.limit = linger_time.count() > 0 ? after(linger_time) : 0;
  c.unread.release();
  wheel_.set(c, c.limit);
  drop_input(c);
}

void engine::drop_input(connection& c) {
  constexpr int reads_at_once = 16;
  for (int i = 0; i < reads_at_once; ++i) {
    in_.clear();
    const std::size_t room = std::max(read_size_, std::size_t{1});
    const ssize_t n = ::recv(c.fd, in_.prepare(room), room, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return close(c);
    counters_.bytes_received += static_cast<std::uint64_t>(n);
    c.dropped += static_cast<std::uint64_t>(n);
    if (c.dropped > options_.linger_bytes) return close(c);
  }
  enqueue(c);
}

void engine::set_deadline(connection& c) {
  if (!c.unsent.empty() || c.at == phase::sending) return wheel_.set(c, after(options_.write_progress_time));
  switch (c.at) {
    case phase::idle: return wheel_.set(c, idle_limit(c));
    case phase::head:
    case phase::arriving:
    case phase::lingering: return wheel_.set(c, c.limit);
    case phase::handling:
      if (!c.current->in || !c.current->in->wanted) return wheel_.set(c, c.limit);
      [[fallthrough]];
    case phase::body: return wheel_.set(c, std::min(c.limit, c.progress_limit));
    case phase::sending:
    case phase::closing:
    case phase::dead: return wheel_.set(c, wheel_entry::never);
  }
}

std::uint64_t engine::idle_limit(const connection& c) const noexcept {
  if (!ends(c)) return after(options_.idle_time);
  return announcing_ ? drain_idle_until_ : drain_sealed_until_;
}

void engine::close(connection& c) {
  if (c.own.edge) take_leave(c);
  if (c.at == phase::lingering) {
    // Whatever of the answer is still in the kernel's hands shall not stay there for ever.
    const auto most =
        static_cast<unsigned>(std::clamp<std::int64_t>(options_.write_progress_time.count(), 1, 600'000));
    ::setsockopt(c.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &most, sizeof most);
  }
  ::close(c.fd);
  release(c);
}

void engine::reset(connection& c) {
  const linger now{1, 0};
  ::setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(c.fd);
  release(c);
}

void engine::release(connection& c) {
  const bool running = c.at == phase::handling;
  wheel_.remove(c);
  pool_.close(c);
  if (running) cancel_coroutine(c);
  if (!running && c.current) exchanges_.give_back(std::move(c.current));
  --counters_.open;
  if (draining_) check_drained();
}

}  // namespace cluster::http
