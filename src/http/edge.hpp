// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tls/session.hpp"
#include "wire/byte_buffer.hpp"

#include <any>
#include <cstddef>
#include <memory>
#include <string>

namespace cluster::http {

/// What lies between a connection's octets and its requests, where there is anything: a proxy, TLS.
struct connection_edge {
  /// What a handshake may take of the client's octets, certificates included.
  static constexpr std::size_t most_before_requests = 192 * 1024;

  std::unique_ptr<tls::session> tls;
  bool begun = false;          ///< the handshake
  bool proxy_due = false;      ///< the header of the PROXY protocol has not come yet
  std::string client;          ///< whom the proxy has named, as peer_name() shows it; empty: nobody
  bool client_secure = false;  ///< who speaks TLS with the proxy
  std::size_t received = 0;    ///< octets, before the first request
  wire::byte_buffer waiting;   ///< octets of answers that are still to be sealed
};

/// What belongs to a connection besides its octets.
struct belongings {
  std::any state;                         ///< the application's own
  std::unique_ptr<connection_edge> edge;  ///< none: plain HTTP from the first octet on

  bool sealed() const noexcept { return edge != nullptr && edge->tls != nullptr; }
};

}  // namespace cluster::http
