// SPDX-License-Identifier: BSL-1.0
// Answers and contents in pieces; see stream and body_reader.
#include "http/engine.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <stdexcept>
#include <utility>

namespace cluster::http {
namespace {

[[noreturn]] void client_is_gone() {
  throw boost::system::system_error(boost::asio::error::operation_aborted, "the client is gone");
}

}  // namespace

void engine::start_stream(exchange& request, response head) {
  outflow& out = *request.out;
  connection& c = *request.on;
  if (c.at == phase::dead) client_is_gone();
  if (out.started) throw std::logic_error("stream: started twice");
  if (head.extra() != nullptr) throw std::invalid_argument("stream: a file is no beginning");
  dispatcher_.run_after_hooks(request, head);
  const bool is_head = request.head.method == verb::head;
  const bool none = !wire::has_content(head.status());
  out.discard = is_head || none;
  out.how = none                        ? wire::streaming::none
            : request.head.version < 11 ? wire::streaming::until_close
                                        : wire::streaming::chunked;
  out.keep =
      request.head.keep_alive && !head.wants_close() && !ends(c) && out.how != wire::streaming::until_close;
  out.status = head.status();
  if (out.status >= 500) ++counters_.server_errors;
  recorder_.counted(dispatcher::place_of(request), out.status);
  out.started = true;
  const wire::response_parts parts{head.status(),
                                   none ? std::string_view{} : head.content_type(),
                                   head.field_lines(),
                                   {},
                                   head.has_date() ? std::string_view{} : clock_.date()};
  wire::write_stream_head(outlet(c), parts, {request.head.version, out.keep, is_head}, out.how);
  put_piece(c, out, head.body());
  pour(c);
}

void engine::write_piece(exchange& request, std::string_view octets) {
  connection& c = *request.on;
  if (c.at == phase::dead) client_is_gone();
  put_piece(c, *request.out, octets);
  pour(c);
  if (c.at == phase::dead) client_is_gone();
}

void engine::put_piece(connection& c, outflow& out, std::string_view octets) {
  if (octets.empty() || out.discard) return;
  out.bytes += octets.size();
  if (out.how == wire::streaming::chunked) wire::write_chunk(outlet(c), octets);
  else outlet(c).append(octets);
}

// The write buffer belongs to the turn that runs, if one does; in the middle of another connection's turn
// octets have to wait for a turn of their own.
wire::byte_buffer& engine::outlet(connection& c) noexcept {
  if (turning_ == nullptr || turning_ == &c) return out_;
  return c.own.sealed() ? c.own.edge->waiting : c.unsent;
}

void engine::pour(connection& c) {
  if (turning_ == &c) return;
  if (turning_ != nullptr) return enqueue(c);
  clock_.update();
  flush(c);
  if (c.at != phase::dead) set_deadline(c);
}

bool engine::keeps_up(const exchange& request) const noexcept {
  const connection& c = *request.on;
  const std::size_t here = turning_ == &c ? out_.size() : 0;
  const std::size_t waiting = c.own.sealed() ? c.own.edge->waiting.size() : 0;
  return c.unsent.size() + waiting + here <= options_.output_high_water;
}

// The client has taken something: whoever waited for that may go on.
void engine::relieve(connection& c) {
  if (!c.current->out || !c.current->out->room.waiting()) return;
  if (c.unsent.size() <= options_.output_high_water / 2) c.current->out->room.tell({});
}

void engine::end_on_drain(exchange& request) {
  request.out->end_on_drain = true;
  if (draining_) drain_stream(request);
}

void engine::drain_stream(exchange& request) {
  if (!request.out || !request.out->end_on_drain || request.out->drained) return;
  request.out->drained = true;
  cancel_coroutine(*request.on);
}

// The coroutine of an answer that has begun is through.
void engine::end_stream(connection& c, exchange& request, const std::exception_ptr& failure, bool cancelled) {
  outflow& out = *request.out;
  const bool in_order = !failure || (cancelled && out.drained);
  if (failure && !cancelled) dispatcher_.count_failure(request, failure);
  if (options_.on_access) dispatcher_.log_access(&request, c.own, c.fd, out.status, out.bytes);
  if (c.at == phase::dead) return;
  if (!in_order) {
    out_.clear();
    c.at = phase::closing;  // nothing is left to cancel
    return reset(c);
  }
  if (out.how == wire::streaming::chunked && !out.discard) outlet(c).append(wire::last_chunk);
  const bool all_read = !request.in || request.in->done;
  c.at = out.keep && all_read ? phase::idle : phase::closing;
  if (c.at == phase::closing) c.linger = request.head.keep_alive || !all_read;
}

// Gets a handler its next piece of content, within a turn.
void engine::feed(connection& c) {
  inflow& in = *c.current->in;
  if (!in.wanted) return;
  in_.clear();
  if (!c.unread.empty()) {
    in_.append(c.unread.view());
    c.unread.release();
  } else if (c.readable) {
    receive(c);
    if (c.at == phase::dead) return;
  }
  for (bool more = true; more;) {
    std::string_view rest = in_.view();
    std::string_view octets;
    switch (c.current->decoder.take(rest, octets)) {
      case wire::body_state::data:
        in.piece.append(octets);
        note_progress(c, octets.size());
        break;
      case wire::body_state::more: more = false; break;
      case wire::body_state::done:
        in.done = true;
        more = false;
        break;
      case wire::body_state::refused:
        in.why = c.current->decoder.why();
        more = false;
        break;
    }
    in_.consume(in_.size() - rest.size());
  }
  if (!in_.empty()) c.unread.append(in_.view());
  if (!in.piece.empty() || in.done) return give(in, {});
  if (in.why.status != 0)
    return give(in, boost::system::errc::make_error_code(boost::system::errc::bad_message));
  if (in.continue_due) out_.append(wire::continue_response);
  in.continue_due = false;
  if (c.readable) enqueue(c);
}

void engine::give(inflow& in, error_code ec) {
  in.wanted = in.continue_due = false;
  in.asleep = clock_.now();
  in.more.tell(ec);
}

void engine::want_piece(exchange& request) {
  connection& c = *request.on;
  if (c.at == phase::dead) client_is_gone();
  inflow& in = *request.in;
  clock_.update();
  if (!std::exchange(in.asked, true)) note_progress(c, options_.body_progress_bytes);
  else if (c.progress_limit != wheel_entry::never) c.progress_limit += clock_.now() - in.asleep;
  in.wanted = true;
  enqueue(c);
}

}  // namespace cluster::http
