// SPDX-License-Identifier: BSL-1.0
// Handlers that are coroutines: their beginning and their end.
#include "http/engine.hpp"

#include "wire/response_writer.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <sys/socket.h>

namespace cluster::http {
namespace {

constexpr std::chrono::milliseconds time_to_cancel{1000};

bool is_cancellation(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& e) {
    return e.code() == boost::asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

}  // namespace

bool engine::start_coroutine(connection& c) {
  exchange& request = *c.current;
  c.at = phase::handling;
  c.limit = after(options_.request_time);
  request.began = recorder_.start();
  request.out_of_time = false;
  request.general_limit = options_.request_time.count() > 0;
  if (request.target != nullptr) {
    const handler& answer = request.target->answer;
    if (const auto own = request.target->limits.handler_time; own.count() > 0) {
      c.limit = after(own);
      request.general_limit = false;
    }
    request.server = this;
    request.on = &c;
    if (answer.writes_in_pieces()) request.out = std::make_unique<outflow>();
    if (answer.reads_in_pieces() && !request.in) {
      request.in = std::make_unique<inflow>();
      request.in->done = true;
    }
  }
  ++counters_.in_progress;
  starting_ = &c;
  try {
    boost::asio::co_spawn(context_, dispatcher_.start(request),
                          boost::asio::bind_cancellation_slot(
                              request.cancel.slot(), [self = shared_from_this(), &c](
                                                         const std::exception_ptr& failure, response made) {
                                self->coroutine_done(c, failure, std::move(made));
                              }));
  } catch (...) {
    coroutine_done(c, std::current_exception(), {});
  }
  starting_ = nullptr;
  return c.at == phase::idle;
}

void engine::coroutine_done(connection& c, const std::exception_ptr& failure, response answer) {
  --counters_.in_progress;
  const bool at_once = starting_ == &c;  // then the turn that started it goes on
  if (!at_once) clock_.update();
  // How long a stream goes on says nothing about how fast requests are answered.
  const bool streamed = c.current->out && c.current->out->started;
  if (c.at != phase::dead && !streamed) {
    const std::uint32_t place = dispatcher::place_of(*c.current);
    if (at_once) recorder_.answered(place);
    else recorder_.answered_late(place, c.current->began);
  }
  try {
    conclude(c, *c.current, failure, std::move(answer));
    if (c.current) exchanges_.give_back(std::move(c.current));
    if (at_once) return;
    if (c.at != phase::dead) {
      c.backlog = !c.unread.empty();
      flush(c);
    }
  } catch (const std::exception& e) {
    fail(c, e);
    if (c.current) exchanges_.give_back(std::move(c.current));
  }
  if (at_once) return;
  if (c.at != phase::dead) guarded_turn(c);
  pool_.recycle();
}

// On the loop and at once, or, if nobody runs it now, when somebody does and the coroutine is still there:
// a cancellation signal must not be emitted behind the end of what it cancels.
void engine::cancel_coroutine(connection& c) {
  boost::asio::dispatch(context_, [self = shared_from_this(), &c, which = c.current.get()] {
    if (c.current.get() == which) which->cancel.emit(boost::asio::cancellation_type::terminal);
  });
}

// Its time is over. The coroutine is cancelled and answers for itself, as a rule.
void engine::end_request(connection& c) {
  exchange& request = *c.current;
  if (request.out_of_time) return give_up(c);
  const bool general = request.general_limit;
  const bool streams = request.out && request.out->started;
  // A stream may take the time it takes, unless its route says something else.
  c.limit = general && !streams ? after(time_to_cancel) : wheel_entry::never;
  if (general && streams) return;
  request.out_of_time = true;
  if (general) wheel_.set(c, c.limit);
  cancel_coroutine(c);
}

// It does not end. The client gets its answer all the same, and the connection; the coroutine keeps the rest.
void engine::give_up(connection& c) {
  ++counters_.timed_out;
  ++counters_.server_errors;
  wire::byte_buffer last;
  wire::write_response(last, {503, "text/plain; charset=utf-8", {}, "not answered in time\n", clock_.date()},
                       {11, false, false});
  wire::byte_buffer sealed;
  if (c.own.sealed()) c.own.edge->tls->send(last.view(), sealed);
  const std::string_view octets = c.own.sealed() ? sealed.view() : last.view();
  [[maybe_unused]] const auto sent = ::send(c.fd, octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  recorder_.counted(dispatcher::place_of(*c.current), 503);
  if (options_.on_access) dispatcher_.log_access(c.current.get(), c.own, c.fd, 503, last.size());
  close(c);
}

// What the client gets, if it is still there.
void engine::conclude(connection& c, exchange& request, const std::exception_ptr& failure, response answer) {
  const bool dead = c.at == phase::dead;
  const bool cancelled = failure && is_cancellation(failure);
  if (request.out && request.out->started) return end_stream(c, request, failure, cancelled);
  if (failure && request.in && request.in->why.status != 0) {
    if (!dead) refuse(c, request.in->why);
    return;
  }
  const bool told = dead || request.out_of_time || (request.out && request.out->drained);
  if (cancelled && told) answer = dispatcher_.finish(request, nullptr, http::status(503));
  else answer = dispatcher_.finish(request, failure, std::move(answer));
  if (dead) return;
  if (request.in && !request.in->done) answer.close();
  if (request.out_of_time && request.general_limit) answer.close();
  respond(c, request, answer);
}

}  // namespace cluster::http
