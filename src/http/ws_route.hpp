// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/http/response.hpp>
#include <cluster/http/websocket.hpp>

#include <memory>

namespace cluster::http {

/// What a WebSocket route consists of.
struct ws_route {
  websocket_handler handle;
  websocket_options options;
};

/// The answer to a request on such a route: one that switches protocols, or the refusal of a handshake
/// that is not right (400, 426) or comes from another origin (403).
response answer_handshake(const request& asked, const std::shared_ptr<const ws_route>& to);

}  // namespace cluster::http
