// SPDX-License-Identifier: BSL-1.0
#include "http/engine.hpp"
#include "http/moved_state.hpp"

namespace cluster::http {

// Sends a connection at a request boundary to another process. Out of the epoll set first: the registration
// belongs to the open file, which lives on elsewhere, so closing our descriptor would not end it.
bool engine::try_move(connection& c) {
  if (!c.at_boundary() || !c.unsent.empty() || c.stays || c.own.sealed()) return false;
  if (!mover_.possible || !mover_.possible()) return false;
  const std::optional<std::string> octets = saved_octets(c.own.state);
  if (!octets) {
    c.stays = true;
    return false;
  }
  moved_state going{moved_state::kind::http, *octets};
  going.has_octets = c.own.state.has_value();
  if (c.own.edge) {
    going.client = c.own.edge->client;
    going.client_secure = c.own.edge->client_secure;
  }
  std::string state = pack_state(going);
  const bool watched = c.watched;
  unwatch(c);
  moving_connection out{c.fd, std::string(c.unread.view()), std::move(state), false};
  if (!mover_.move(out)) {
    if (watched) watch(c);
    return c.at == phase::dead;
  }
  c.unread.release();
  release(c);
  return true;
}

// Nothing if there is a state and it cannot go along.
std::optional<std::string> engine::saved_octets(const std::any& state) {
  if (!state.has_value()) return std::string{};
  try {
    const auto* text = std::any_cast<std::string>(&state);
    if (!options_.save_state && text == nullptr) return std::nullopt;
    std::string octets = options_.save_state ? options_.save_state(state) : *text;
    if (octets.size() <= options_.state_bytes) return octets;
    dispatcher_.report("save_state", "the state of a connection is larger than state_bytes");
  } catch (const std::exception& e) {
    dispatcher_.report("save_state", e.what());
  } catch (...) {
    dispatcher_.report("save_state", "unknown exception");
  }
  return std::nullopt;
}

std::any engine::restored_state(std::string_view octets) {
  try {
    return options_.restore_state ? options_.restore_state(octets) : std::any(std::string(octets));
  } catch (const std::exception& e) {
    dispatcher_.report("restore_state", e.what());
  } catch (...) {
    dispatcher_.report("restore_state", "unknown exception");
  }
  return {};
}

void engine::on_move_change() {
  if (!draining_ || stopped_) return;
  clock_.update();
  in_batch_ = true;
  if (mover_.possible) pool_.for_each_while(mover_.possible, [this](connection& c) { try_move(c); });
  in_batch_ = false;
  pool_.recycle();
  ask_sessions_to_leave();
  check_drained();
}

bool engine::adopt(moving_connection&& arrived) {
  // One that comes back is this worker's own, and is served to its end here if nobody else takes it.
  if (stopped_ || (draining_ && !arrived.returned)) return false;
  const std::optional<moved_state> state = unpack_state(arrived.state);
  if (!state) {
    dispatcher_.report("connection", "arrived in a form that this version does not know");
    return false;
  }
  clock_.update();
  if (state->what == moved_state::kind::websocket) return adopt_session(arrived, *state);
  belongings own;
  if (state->has_octets) own.state = restored_state(state->octets);
  own.edge = arrived.accepted_from != nullptr ? edge_of(arrived.fd, *arrived.accepted_from) : edge_of(*state);
  publish_load(1);
  // Of what another worker had waiting between two requests the set will tell.
  open(arrived.fd, arrived.unread, std::move(own), arrived.accepted_from != nullptr);
  publish_load();
  pool_.recycle();
  if (!queue_.empty()) schedule();
  arm();
  return true;
}

}  // namespace cluster::http
