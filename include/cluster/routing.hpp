// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace cluster {

/// A connection that waits for its worker, as a connection_router sees it. Valid during the call.
struct incoming_connection {
  std::string_view listener;  ///< the name of the one that accepted it
  std::string_view address;   ///< of the peer: "192.0.2.7", "2001:db8::1"; empty for a Unix socket
  std::uint16_t port = 0;     ///< of the peer
  std::string_view first;     ///< the first octets, if connection_router::peek_bytes asks for them
  bool complete = false;      ///< no more of them will be shown: enough are there, or the time is over
};

/// Where a connection is to go.
struct connection_choice {
  enum class kind : std::uint8_t {
    next,  ///< to whoever is next in turn
    key,   ///< always to the same slot for the same key, as long as the number of slots stays the same
    slot,  ///< to the worker in this slot
    more   ///< more of the first octets are needed; means `next` when there will be none
  };

  kind how = kind::next;
  std::uint64_t value = 0;  ///< the slot, or a hash of the key

  static connection_choice by_key(std::string_view key) noexcept {
    // FNV-1a: the same in every build and process.
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return {kind::key, hash};
  }
};

inline constexpr std::size_t max_peek_bytes = 16 * 1024;

/// Picks the worker for each connection, under schedule::round_robin. When the chosen slot has no worker that
/// serves, a key goes to the slot that is next for it, and a slot's connection to whoever is next in turn.
struct connection_router {
  /// Called at the supervisor for each connection; with peek_bytes, again and again as octets come, until it
  /// no longer asks for more. What it throws means `next`. Empty: all come in turn.
  std::function<connection_choice(const incoming_connection&)> choose;
  /// How many of the first octets it may see, up to max_peek_bytes. They stay in the connection for its
  /// worker. Zero: none, and the choice is made at once.
  std::size_t peek_bytes = 0;
  /// How long is waited for them; more than zero. A connection that stays silent then goes on without.
  std::chrono::milliseconds peek_time{1000};
};

/// Connections from one address go to one slot. The address is the peer's, so behind a proxy it is the
/// proxy's, also at listeners with `+proxy`.
CLUSTER_API connection_router sticky_by_address();

/// HTTP requests that carry a cookie of this name go to the slot that its value decides, those without one in
/// turn. Only a connection's first request counts. The application sets the cookie. What is inside TLS is not
/// seen: such connections come in turn.
CLUSTER_API connection_router sticky_by_cookie(std::string name);

}  // namespace cluster
