// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "http/upgraded_session.hpp"

#include <cluster/http/response.hpp>
#include <cluster/http/websocket.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>

namespace cluster::http {

class engine;
struct exchange;

/// What a WebSocket route consists of.
struct ws_route {
  using starter = std::shared_ptr<upgraded_session> (*)(engine&, boost::asio::io_context&,
                                                        std::unique_ptr<exchange>,
                                                        std::shared_ptr<const ws_route>, ws_beginning&&);
  websocket_handler handle;
  websocket_options options;
  starter begin = nullptr;
};

/// The answer to a request on such a route: one that switches protocols, or the refusal of a handshake
/// that is not right (400, 426) or comes from another origin (403).
response answer_handshake(const request& asked, const std::shared_ptr<const ws_route>& to);

}  // namespace cluster::http
