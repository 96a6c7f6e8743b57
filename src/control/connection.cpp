// SPDX-License-Identifier: BSL-1.0
#include "control/connection.hpp"

#include "wire/response_writer.hpp"

#include <boost/asio/buffer.hpp>

#include <exception>
#include <utility>

namespace cluster::control {
namespace {

constexpr std::size_t piece = 4096;

wire::limits small_limits() {
  wire::limits result;
  result.header_bytes = 8 * 1024;
  result.target_bytes = 2 * 1024;
  result.fields = 64;
  result.body_bytes = 64 * 1024;
  result.extension_bytes = 1024;
  result.trailer_bytes = 1024;
  return result;
}

}  // namespace

connection::connection(socket peer, bool read_only, patience limits, handler handle,
                       std::function<void(connection*)> ended)
    : socket_(std::move(peer)),
      timer_(socket_.get_executor()),
      limits_(limits),
      handle_(std::move(handle)),
      ended_(std::move(ended)),
      bounds_(small_limits()),
      head_reader_(bounds_),
      decoder_(bounds_),
      read_only_(read_only) {}

void connection::start() {
  give_up_after(limits_.idle);
  read();
}

void connection::turn_away(reply what) { respond(std::move(what), false); }

void connection::close() {
  if (std::exchange(closed_, true)) return;
  error_code ignored;
  timer_.cancel();
  socket_.close(ignored);
  more_ = nullptr;
  if (ended_) ended_(this);
}

void connection::give_up_after(std::chrono::milliseconds limit) {
  timer_.expires_after(limit);
  timer_.async_wait([weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    // A handler that was queued when the time was set anew means nothing.
    if (ec || !self || self->timer_.expiry() > std::chrono::steady_clock::now()) return;
    const bool half_a_request = !self->busy_ && (self->in_body_ || !self->in_.empty());
    if (!half_a_request) return self->close();
    self->respond(error_reply(408, "timeout", "the request did not come in time"), false);
  });
}

// Not cancel(): a handler that is queued already would still act.
void connection::take_your_time() { timer_.expires_at(boost::asio::steady_timer::time_point::max()); }

void connection::read() {
  char* const room = in_.prepare(piece);
  socket_.async_read_some(boost::asio::buffer(room, piece),
                          [self = shared_from_this()](const error_code& ec, std::size_t size) {
                            if (ec || self->closed_ || self->busy_) return self->close();
                            if (self->in_.empty() && !self->in_body_)
                              self->give_up_after(self->limits_.request);
                            self->in_.commit(size);
                            self->parse();
                          });
}

void connection::parse() {
  if (!in_body_ && !parse_head()) return;
  if (!parse_body()) return;
  dispatch();
}

bool connection::parse_head() {
  in_.consume(wire::leading_empty_lines(in_.view()));
  switch (head_reader_.read(in_.view(), scanned_, head_)) {
    case wire::head_state::incomplete: read(); return false;
    case wire::head_state::refused: refuse(head_reader_.why()); return false;
    case wire::head_state::complete: break;
  }
  scanned_ = 0;
  body_.clear();
  // The views of the head point into the buffer; it gets a place of its own that does not move.
  if (head_.body == wire::framing::length && head_.content_length > bounds_.body_bytes) {
    refuse({413, "content too large"});
    return false;
  }
  in_body_ = true;
  if (head_.body == wire::framing::chunked) decoder_.start_chunked();
  else decoder_.start_length(head_.body == wire::framing::length ? head_.content_length : 0);
  head_text_.assign(in_.view().substr(0, head_.size));
  head_.rebase(in_.view().data(), head_text_.data());
  in_.consume(head_.size);
  if (head_.expect_continue && in_.empty()) {
    // Small enough to fit any socket buffer that nothing was written to yet.
    error_code ignored;
    socket_.write_some(boost::asio::buffer(wire::continue_response), ignored);
  }
  return true;
}

bool connection::parse_body() {
  std::string_view input = in_.view();
  const std::size_t before = input.size();
  for (;;) {
    std::string_view data;
    const wire::body_state state = decoder_.take(input, data);
    if (state == wire::body_state::data) {
      body_.append(data);
      continue;
    }
    in_.consume(before - input.size());
    if (state == wire::body_state::done) return true;
    if (state == wire::body_state::refused) refuse(decoder_.why());
    else read();
    return false;
  }
}

void connection::refuse(const wire::refusal& why) {
  respond(error_reply(why.status, "bad_request", why.reason), false);
}

void connection::dispatch() {
  in_body_ = false;
  busy_ = true;
  take_your_time();
  call what;
  what.method = head_.method;
  what.path = head_.path;
  what.query = head_.query;
  what.body = body_;
  what.last_event_id = head_.find("last-event-id");
  what.read_only = read_only_;
  const bool keep_alive = head_.keep_alive;
  const auto done = [weak = weak_from_this(), keep_alive](reply result) {
    if (const auto self = weak.lock(); self && !self->closed_) self->respond(std::move(result), keep_alive);
  };
  try {
    handle_(what, done);
  } catch (const std::exception& problem) {
    done(error_reply(500, "failed", problem.what()));
  }
}

void connection::respond(reply what, bool keep_alive) {
  busy_ = true;
  const bool head_only = head_.method == wire::verb::head;
  more_ = head_only ? nullptr : std::move(what.more);
  keep_alive_ = keep_alive && !more_;
  out_.clear();
  if (more_) {
    // No length is known: the end of the connection is the end of the content.
    out_.append("HTTP/1.1 200 OK\r\nContent-Type: " + what.content_type + "\r\nConnection: close\r\n" +
                what.fields + "\r\n");
    watch_for_end();
    return stream();
  }
  wire::write_response(out_, {what.status, what.content_type, what.fields, what.body, {}},
                       {head_.version, keep_alive_, head_only});
  write();
}

void connection::wake() {
  if (more_ && !writing_ && !closed_) stream();
}

void connection::stream() {
  std::string text;
  stream_over_ = !more_(text);
  out_.append(text);
  if (!out_.empty()) return write();
  if (stream_over_) close();
}

void connection::write() {
  writing_ = true;
  give_up_after(limits_.write);
  const std::string_view text = out_.view();
  socket_.async_write_some(boost::asio::buffer(text.data(), text.size()),
                           [self = shared_from_this()](const error_code& ec, std::size_t size) {
                             if (ec || self->closed_) return self->close();
                             self->out_.consume(size);
                             if (!self->out_.empty()) return self->write();
                             self->written();
                           });
}

void connection::written() {
  writing_ = false;
  take_your_time();
  out_.release();
  if (more_ && !stream_over_) return stream();
  if (!keep_alive_) return linger();
  busy_ = false;
  give_up_after(in_.empty() ? limits_.idle : limits_.request);
  if (in_.empty()) return read();
  parse();
}

// A socket that is closed with octets unread in it may take the answer with it, so what still comes is read
// for a moment.
void connection::linger() {
  error_code ignored;
  socket_.shutdown(socket::shutdown_send, ignored);
  more_ = nullptr;
  give_up_after(limits_.linger);
  discard(0);
}

void connection::discard(std::size_t so_far) {
  constexpr std::size_t enough = 256 * 1024;
  char* const room = in_.prepare(piece);
  socket_.async_read_some(boost::asio::buffer(room, piece),
                          [self = shared_from_this(), so_far](const error_code& ec, std::size_t size) {
                            if (ec || self->closed_ || so_far + size > enough) return self->close();
                            self->discard(so_far + size);
                          });
}

// During a stream nothing is expected from the client but its end.
void connection::watch_for_end() {
  socket_.async_read_some(boost::asio::buffer(rest_),
                          [self = shared_from_this()](const error_code&, std::size_t) { self->close(); });
}

}  // namespace cluster::control
