// SPDX-License-Identifier: BSL-1.0
// Connections behind proxies and over TLS: what is before their first request, and how octets come and go.
// All that is sealed is appended to `unsent` at once, in order; from there it goes the way of everything
// else.
#include "http/engine.hpp"
#include "http/moved_state.hpp"
#include "http/peer_name.hpp"
#include "wire/proxy_header.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

namespace cluster::http {

namespace {

// As much as fits into a few records.
constexpr std::size_t file_piece = 64 * 1024;

}  // namespace

std::unique_ptr<connection_edge> engine::edge_of(int fd, const listener& from) const {
  const bool proxy = from.proxy && trust_.may_introduce(peer_name(fd));
  if (!from.tls && !proxy) return nullptr;
  auto made = std::make_unique<connection_edge>();
  if (from.tls) made->tls = tls_->begin(tls_);
  made->proxy_due = proxy;
  return made;
}

std::unique_ptr<connection_edge> engine::edge_of(const moved_state& state) {
  if (state.client.empty() && !state.client_secure) return nullptr;
  auto made = std::make_unique<connection_edge>();
  made->client = state.client;
  made->client_secure = state.client_secure;
  return made;
}

void engine::begin_arrival(connection& c) {
  c.at = phase::arriving;
  c.limit = after(options_.handshake_time);
}

void engine::arrive(connection& c) {
  connection_edge& own = *c.own.edge;
  if (!c.unsent.empty()) flush(c);
  if (c.at == phase::dead) return;
  in_.clear();
  sealed_.clear();
  if (c.readable && c.unsent.empty()) {
    if (receive_raw(c, sealed_)) own.received += sealed_.size();
    else if (c.at == phase::dead) return;
  }
  if (!sealed_.empty()) {
    if (own.received > connection_edge::most_before_requests) return close(c);
    if (own.proxy_due && !take_proxy_header(c)) return;
    if (!own.proxy_due && !own.tls) {
      in_.append(sealed_.view());
      return end_arrival(c, tls::session::state::open);
    }
    if (!own.proxy_due && !sealed_.empty() && !begin_tls(c)) return;
  }
  if (c.readable && c.unsent.empty()) enqueue(c);
  set_deadline(c);
}

// False: the connection is gone.
bool engine::take_proxy_header(connection& c) {
  connection_edge& own = *c.own.edge;
  c.unread.append(sealed_.view());
  wire::proxy_header header;
  switch (wire::read_proxy_header(c.unread.view(), header)) {
    case wire::proxy_state::incomplete: return true;
    case wire::proxy_state::refused:
      ++counters_.refused;
      close(c);
      return false;
    case wire::proxy_state::complete: break;
  }
  own.proxy_due = false;
  own.client = std::move(header.client);
  own.client_secure = header.secure;
  sealed_.clear();
  sealed_.append(c.unread.view().substr(header.size));
  c.unread.release();
  return true;
}

// False: there is nothing more to arrive.
bool engine::begin_tls(connection& c) {
  connection_edge& own = *c.own.edge;
  // A handshake of TLS begins with 22 (RFC 8446 5.1); the plain request of somebody at the wrong port does
  // not.
  const bool plain = !own.begun && sealed_.view().front() != '\x16';
  own.begun = true;
  if (plain) {
    refuse_plain(c);
    return false;
  }
  const auto how = own.tls->receive(sealed_.view(), in_, c.unsent);
  if (how != tls::session::state::handshake) {
    end_arrival(c, how);
    return false;
  }
  flush(c);
  return c.at != phase::dead;
}

void engine::end_arrival(connection& c, tls::session::state how) {
  if (how == tls::session::state::failed) {
    ++counters_.refused;
    c.at = phase::closing;
    c.linger = true;  // so that the alert arrives
    flush(c);
    if (c.at == phase::closing && c.unsent.empty()) finish(c);
    else if (c.at != phase::dead) set_deadline(c);
    return;
  }
  c.at = phase::idle;
  c.unread.append(in_.view());
  c.backlog = !c.unread.empty();
  c.readable = c.readable || how == tls::session::state::ended;
  flush(c);
  if (c.at != phase::dead) turn(c);
}

void engine::refuse_plain(connection& c) {
  const char first = sealed_.view().front();
  if (first < 'A' || first > 'z') return close(c);
  c.own.edge->tls.reset();
  refuse(c, {400, "this port speaks TLS (https) only"});
  flush(c);
  if (c.at == phase::closing && c.unsent.empty()) return finish(c);
  if (c.at != phase::dead) set_deadline(c);
}

// Returns whether octets came. Closes the connection at its end.
bool engine::receive_raw(connection& c, wire::byte_buffer& to) {
  char* const start = to.prepare(read_size_);
  const std::size_t room = read_size_;
  ssize_t n;
  do n = ::recv(c.fd, start, room, 0);
  while (n < 0 && errno == EINTR);
  if (n > 0) {
    const auto got = static_cast<std::size_t>(n);
    to.commit(got);
    counters_.bytes_received += got;
    c.readable = got == room || c.ending;
    return true;
  }
  if (n < 0 && errno == EAGAIN) {
    c.readable = false;
    return false;
  }
  in_.clear();
  close(c);
  return false;
}

bool engine::receive_sealed(connection& c) {
  tls::session& session = *c.own.edge->tls;
  if (session.at() != tls::session::state::open) {  // the client has ended its side, and was answered
    in_.clear();
    close(c);
    return false;
  }
  sealed_.clear();
  if (!receive_raw(c, sealed_)) return false;
  const std::size_t before = in_.size();
  const auto how = session.receive(sealed_.view(), in_, c.unsent);
  if (how == tls::session::state::failed) {
    in_.clear();
    send_some(c, c.unsent.view());  // what tells the client
    if (c.at != phase::dead) close(c);
    return false;
  }
  if (how == tls::session::state::ended) c.readable = true;  // another look finds the end
  return in_.size() != before;
}

// False: the connection is gone.
bool engine::seal(connection& c) {
  connection_edge& own = *c.own.edge;
  if (!own.tls || c.at == phase::arriving) return true;
  bool good = true;
  if (!own.waiting.empty()) {
    good = own.tls->send(own.waiting.view(), c.unsent);
    own.waiting.release();
  }
  if (!out_.empty()) {
    good = own.tls->send(out_.view(), c.unsent) && good;
    out_.clear();
    if (out_.capacity() > 4 * options_.output_high_water) out_.release();
  }
  if (!good) {
    reset(c);
    return false;
  }
  if (c.at == phase::closing) own.tls->end(c.unsent);
  return true;
}

// There is no way round memory here: read, sealed, sent.
void engine::send_file_sealed(connection& c) {
  constexpr std::uint64_t at_once = 1024 * 1024;
  file_sending& file = *c.file;
  for (std::uint64_t budget = at_once; file.left != 0;) {
    if (budget == 0) return enqueue(c);
    sealed_.clear();
    char* const to = sealed_.prepare(file_piece);
    const ssize_t n = ::pread(file.part->fd, to, std::min<std::uint64_t>(file_piece, file.left), file.next);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return reset(c);
    const auto got = static_cast<std::uint64_t>(n);
    sealed_.commit(static_cast<std::size_t>(n));
    if (!c.own.edge->tls->send(sealed_.view(), c.unsent)) return reset(c);
    file.next += n;
    file.left -= got;
    budget -= std::min(budget, got);
    if (file.left == 0) break;
    const std::size_t sent = send_some(c, c.unsent.view());
    if (c.at == phase::dead) return;
    c.unsent.consume(sent);
    if (!c.unsent.empty()) return;
  }
  file_sent(c);
  if (c.at == phase::closing) c.own.edge->tls->end(c.unsent);
  const std::size_t sent = send_some(c, c.unsent.view());
  if (c.at == phase::dead) return;
  c.unsent.consume(sent);
  if (c.unsent.empty()) c.unsent.release();
}

// The last word on a connection that is closed; whether there is room for it is not worth a wait.
void engine::take_leave(connection& c) noexcept {
  if (!c.own.sealed() || !c.unsent.empty()) return;
  try {
    c.own.edge->tls->end(c.unsent);
    if (!c.unsent.empty()) ::send(c.fd, c.unsent.view().data(), c.unsent.size(), MSG_NOSIGNAL);
  } catch (const std::exception&) {  // no memory: then it ends without
  }
  c.unsent.release();
}

}  // namespace cluster::http
