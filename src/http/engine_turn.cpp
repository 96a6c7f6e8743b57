// SPDX-License-Identifier: BSL-1.0
#include "http/engine.hpp"

#include "wire/response_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

namespace cluster::http {
namespace {

// Content of that size is worth a part of its own in a send.
constexpr std::size_t large = 16 * 1024;

std::uint64_t sent_content(const exchange& request, const response& answer) noexcept {
  const bool content = wire::has_content(answer.status()) && request.head.method != verb::head;
  if (!content) return 0;
  return answer.extra() != nullptr ? answer.extra()->file->length : answer.body().size();
}

}  // namespace

void engine::open(int fd, std::string_view unread, belongings own, bool fresh) {
  connection& c = pool_.open(fd);
  ++counters_.accepted;
  ++counters_.open;
  c.unread.append(unread);
  c.own = std::move(own);
  if (c.own.edge && (c.own.edge->proxy_due || c.own.edge->tls)) begin_arrival(c);
  c.backlog = !unread.empty();
  // Often it is, and trying costs less than being told. Also where it mostly is not: left out there, workers
  // slept more, and clients on the same processors had 5 instead of 2 ms at the 99th percentile.
  c.readable = fresh;
  c.asked = !fresh;
  guarded_turn(c);
  if (c.at == phase::dead) return;  // answered and closed, or moved on already
  watch(c);
}

void engine::watch(connection& c) {
  c.newcomer = !c.asked && c.at_boundary();
  const bool done = c.newcomer ? set_.add_newcomer(c.fd, c) : set_.add_connection(c.fd, c);
  if (!done) return reset(c);
  c.watched = true;
  arm_tick();
}

void engine::unwatch(connection& c) noexcept {
  if (!c.watched) return;
  c.watched = false;
  c.newcomer ? set_.remove_newcomer(c.fd) : set_.remove_connection(c.fd);
}

void engine::settle(connection& c) {
  if (!std::exchange(c.newcomer, false)) return;
  if (!set_.settle(c.fd, c)) reset(c);
}

// Memory may run out in the middle of anything; that costs the connection it happened to.
void engine::guarded_turn(connection& c) {
  connection* const before = std::exchange(turning_, &c);
  try {
    turn(c);
  } catch (const std::exception& e) {
    fail(c, e);
  }
  turning_ = before;
  recorder_.end_turn();
}

void engine::fail(connection& c, const std::exception& why) {
  dispatcher_.report("connection", why.what());
  out_.clear();
  if (c.at != phase::dead) reset(c);
}

void engine::turn(connection& c) {
  if (c.at >= phase::lingering) return c.at == phase::arriving ? arrive(c) : drop_input(c);
  // Before anything is read or parsed: complete requests that wait in the buffer move along unanswered.
  if (draining_ && try_move(c)) return;
  if (c.may_read() && (c.backlog || c.readable)) {
    in_.clear();
    if (!c.unread.empty()) {
      in_.append(c.unread.view());
      c.unread.release();
    }
    if (c.backlog || receive(c)) {
      c.backlog = false;
      process(c);
    }
    if (c.at == phase::dead) return;
    if (!in_.empty()) {
      if (c.at == phase::closing) c.linger = true;
      else c.unread.append(in_.view());
    }
  } else if (c.at == phase::handling && c.current->in) {
    feed(c);
    if (c.at == phase::dead) return;
  }
  flush(c);
  if (c.at == phase::dead) return;
  if (c.at == phase::closing && c.unsent.empty()) return finish(c);
  if (draining_ && try_move(c)) return;
  if (c.asked) settle(c);
  if (c.at == phase::dead) return;
  if (c.may_read() && (c.backlog || c.readable)) enqueue(c);
  set_deadline(c);
}

// Returns whether octets came. A read that did not fill the buffer has emptied the socket; the next edge
// will tell of more, so nothing is ever read just to see EAGAIN.
bool engine::receive(connection& c) {
  if (c.own.sealed()) return receive_sealed(c);
  char* const to = in_.prepare(read_size_);
  const std::size_t room = in_.room();
  ssize_t n;
  do n = ::recv(c.fd, to, room, 0);
  while (n < 0 && errno == EINTR);
  if (n > 0) {
    const auto got = static_cast<std::size_t>(n);
    in_.commit(got);
    counters_.bytes_received += got;
    c.readable = got == room || c.ending;
    return true;
  }
  if (n < 0 && errno == EAGAIN) {
    c.readable = false;
    return false;
  }
  in_.clear();  // the end: of a connection at a boundary, or of a request that will never be complete
  close(c);
  return false;
}

void engine::process(connection& c) {
  for (unsigned n = 0;;) {
    if (c.at == phase::body) {
      if (!read_body(c)) return;
    } else if (c.at_boundary()) {
      if (!read_head(c)) return;
    } else {
      return;
    }
    if (c.at == phase::idle && draining_ && mover_.possible && mover_.possible()) {
      c.backlog = !in_.empty();  // should it have to stay after all
      return;
    }
    if (c.at == phase::idle && !in_.empty() &&
        (++n >= options_.requests_at_once || out_.size() + c.unsent.size() >= options_.output_high_water)) {
      c.backlog = true;
      return;
    }
  }
}

// Returns whether to go on with what is in the buffer; so do the next three.
bool engine::read_head(connection& c) {
  if (const std::size_t n = wire::leading_empty_lines(in_.view()); n != 0) in_.consume(n);
  if (in_.empty()) return false;
  exchange& request = *spare_;
  switch (reader_.read(in_.view(), c.scanned, request.head)) {
    case wire::head_state::incomplete:
      if (c.at == phase::idle) {
        c.at = phase::head;
        c.limit = after(options_.header_time);
      }
      return false;
    case wire::head_state::refused: refuse(c, reader_.why()); return false;
    case wire::head_state::complete: break;
  }
  c.scanned = 0;
  c.asked = true;
  dispatcher_.find(request);
  const char* const section = in_.view().data();
  const std::uint64_t length = request.head.content_length;
  const bool in_pieces = request.target != nullptr && request.target->answer.reads_in_pieces();
  in_.consume(request.head.size);  // the octets stay where they are until more are read
  switch (request.head.body) {
    case wire::framing::none: return run(c, request, section);
    case wire::framing::length:
      if (length > dispatcher_.body_limit(request)) {
        refuse(c, {413, "content too large"});
        return false;
      }
      if (in_.size() >= length && !in_pieces) {
        request.body = in_.view().substr(0, static_cast<std::size_t>(length));
        in_.consume(request.body.size());
        return run(c, request, section);
      }
      request.decoder.start_length(length);
      break;
    case wire::framing::chunked: request.decoder.start_chunked(dispatcher_.body_limit(request)); break;
  }
  request.keep(section);
  c.current = std::move(spare_);
  spare_ = exchanges_.take();
  if (in_pieces) {
    c.current->in = std::make_unique<inflow>();
    c.current->in->continue_due = c.current->head.expect_continue;
    return run(c, *c.current, nullptr);
  }
  c.at = phase::body;
  c.limit = after(options_.body_time);
  note_progress(c, options_.body_progress_bytes);
  if (request.head.expect_continue && in_.empty()) out_.append(wire::continue_response);
  return true;
}

// Content that has come; enough of it buys time for more.
void engine::note_progress(connection& c, std::size_t octets) noexcept {
  c.progress += octets;
  if (c.progress < options_.body_progress_bytes) return;
  c.progress = 0;
  c.progress_limit = after(options_.body_progress_time);
}

bool engine::read_body(connection& c) {
  exchange& request = *c.current;
  for (;;) {
    std::string_view rest = in_.view();
    std::string_view piece;
    const wire::body_state state = request.decoder.take(rest, piece);
    if (state == wire::body_state::data) {
      request.body_bytes.append(piece);
      note_progress(c, piece.size());
    }
    in_.consume(in_.size() - rest.size());
    switch (state) {
      case wire::body_state::data: break;
      case wire::body_state::more: return false;
      case wire::body_state::refused: refuse(c, request.decoder.why()); return false;
      case wire::body_state::done: request.body = request.body_bytes; return run(c, request, nullptr);
    }
  }
}

// `section` is where the header section lies if the request is the spare one, which owns nothing.
bool engine::run(connection& c, exchange& request, const char* section) {
  ++counters_.requests;
  request.carrier = &c.own;
  request.fd = c.fd;
  if (dispatcher_.waits(request)) {
    if (section != nullptr) {
      request.keep(section);
      c.current = std::move(spare_);
      spare_ = exchanges_.take();
    }
    return start_coroutine(c);
  }
  const std::uint32_t place = dispatcher::place_of(request);
  respond(c, request, dispatcher_.run(request));
  recorder_.answered(place);
  if (c.at == phase::dead) return false;  // it is a session now
  if (section != nullptr) request.reset();
  else exchanges_.give_back(std::move(c.current));
  return c.at == phase::idle;
}

void engine::respond(connection& c, exchange& request, const response& answer) {
  const response_extra* const extra = answer.extra();
  if (extra != nullptr && extra->upgrade)
    return ends(c) ? respond(c, request, http::status(503)) : switch_protocols(c, request, answer);
  const bool keep = request.head.keep_alive && !answer.wants_close() && !ends(c);
  const file_part* const file = extra != nullptr ? extra->file.get() : nullptr;
  const bool apart = answer.body().size() >= large && file == nullptr && c.unsent.empty() && !c.own.edge &&
                     sent_content(request, answer) != 0;
  wire::response_parts parts{answer.status(), answer.content_type(), answer.field_lines(), answer.body(),
                             answer.has_date() ? std::string_view{} : clock_.date()};
  if (file != nullptr || apart) {  // it follows by other ways
    parts.body = {};
    parts.more = file != nullptr ? file->length : answer.body().size();
  }
  wire::write_response(out_, parts, {request.head.version, keep, request.head.method == verb::head});
  if (apart) send_apart(c, answer.body());
  if (options_.on_access)
    dispatcher_.log_access(&request, c.own, c.fd, answer.status(), sent_content(request, answer));
  if (answer.status() >= 500) ++counters_.server_errors;
  recorder_.counted(dispatcher::place_of(request), answer.status());
  c.at = keep ? phase::idle : phase::closing;
  if (file != nullptr && sent_content(request, answer) != 0) {
    c.file = std::make_unique<file_sending>(
        file_sending{extra->file, static_cast<off_t>(file->first), file->length, keep});
    c.at = phase::sending;
  }
  // A client that said it would send no more may be left at once; another one may be sending.
  if (!keep) c.linger = request.head.keep_alive || (request.in && !request.in->done);
}

void engine::refuse(connection& c, const wire::refusal& why) {
  ++counters_.refused;
  std::string text(wire::reason_phrase(why.status));
  text.append(": ").append(why.reason).append("\n");
  wire::write_response(out_, {why.status, "text/plain; charset=utf-8", {}, text, clock_.date()},
                       {11, false, false});
  if (options_.on_access) dispatcher_.log_access(nullptr, c.own, c.fd, why.status, text.size());
  in_.clear();
  c.unread.release();
  if (c.current) exchanges_.give_back(std::move(c.current));
  c.at = phase::closing;
  c.linger = c.asked = true;
}

}  // namespace cluster::http
