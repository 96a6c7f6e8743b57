// SPDX-License-Identifier: BSL-1.0
// Connections that have become WebSocket sessions.
#include "http/engine.hpp"
#include "http/moved_state.hpp"
#include "http/upgraded_session.hpp"
#include "http/ws_route.hpp"

#include <algorithm>

#include <sys/socket.h>
#include <unistd.h>

namespace cluster::http {
namespace {

// A close frame with code 1012, as a server sends it (RFC 6455 5.2, 7.4.2).
constexpr std::string_view come_again("\x88\x02\x03\xf4", 4);

}  // namespace

// From here on the connection is a session's: what was to be sent to it goes along, and so does what came.
void engine::switch_protocols(connection& c, exchange& request, const response& answer) {
  recorder_.counted(dispatcher::place_of(request), 101);
  if (options_.on_access) dispatcher_.log_access(&request, c.own, c.fd, 101, 0);
  std::unique_ptr<exchange> own;
  if (&request == spare_.get()) {
    request.keep(request.head.method_text.data());
    own = std::exchange(spare_, exchanges_.take());
  } else {
    own = std::move(c.current);
  }
  if (c.own.edge && !seal(c)) return;
  ws_beginning from;
  from.fd = c.fd;
  from.first.append(c.unsent.view()).append(out_.view());
  if (turning_ == &c) from.unread = in_.view();
  from.unread.append(c.unread.view());
  from.fields = answer.field_lines();
  from.subprotocol = answer.field("Sec-WebSocket-Protocol");
  from.own = std::move(c.own);
  out_.clear();
  in_.clear();
  unwatch(c);
  begin_session(std::move(own), answer.extra()->upgrade, std::move(from));
  c.at = phase::closing;
  release(c);
}

void engine::begin_session(std::unique_ptr<exchange> request, std::shared_ptr<const ws_route> route,
                           ws_beginning&& from) {
  const auto begin = route->begin;
  const auto session = begin(*this, context_, std::move(request), std::move(route), std::move(from));
  sessions_.push_back(session);
  ++counters_.open;
  ++counters_.websockets;
  session->start();
}

void engine::session_failed(const exchange& request, const std::exception_ptr& failure) noexcept {
  dispatcher_.count_failure(request, failure);
}

void engine::session_ended(const upgraded_session& session) {
  std::erase_if(sessions_, [&](const auto& each) { return each.get() == &session; });
  --counters_.open;
  --counters_.websockets;
  publish_load();
  if (draining_) check_drained();
}

void engine::session_is_quiet(upgraded_session& session) {
  if (may_move_session()) session.ask_to_leave();
}

// The lists below are copies: what is done to a session may end it.
void engine::ask_sessions_to_leave() {
  if (!may_move_session()) return;
  for (const auto& each : std::vector(sessions_)) each->ask_to_leave();
}

void engine::send_sessions_away() {
  for (const auto& each : std::vector(sessions_)) each->go_away();
}

// A session that has no chance to end, because its context runs no more, must not hold on to the engine.
void engine::stop_sessions() {
  for (const auto& each : std::exchange(sessions_, {})) each->stop();
}

// False: the descriptor is still the caller's.
bool engine::adopt_session(const moving_connection& arrived, const moved_state& state) {
  auto request = exchanges_.take();
  request->head_bytes = state.head;
  wire::head_reader reader(limits_);
  std::size_t scanned = 0;
  if (reader.read(request->head_bytes, scanned, request->head) != wire::head_state::complete) return false;
  dispatcher_.find(*request);
  std::shared_ptr<const ws_route> route;
  if (request->target != nullptr && request->target->answer.plain()) {
    const response answer = request->target->answer.plain()(request->view);
    if (answer.extra() != nullptr) route = answer.extra()->upgrade;
  }
  if (!route) {
    // This version of the program has no such route: the client may look for one that has.
    ::send(arrived.fd, come_again.data(), come_again.size(), MSG_NOSIGNAL);
    ::close(arrived.fd);
    return true;
  }
  ws_beginning from;
  from.fd = arrived.fd;
  from.unread = arrived.unread;
  from.subprotocol = state.subprotocol;
  from.own.edge = edge_of(state);
  if (state.has_octets) from.own.state = restored_state(state.octets);
  from.resumed = true;
  ++counters_.accepted;
  begin_session(std::move(request), std::move(route), std::move(from));
  return true;
}

}  // namespace cluster::http
