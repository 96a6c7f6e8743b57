// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cluster::http {

/// What goes along with a connection between two workers, which may run two versions of the program.
struct moved_state {
  enum class kind : std::uint8_t { http, websocket };
  /// Of the header section of a handshake that goes along.
  static constexpr std::size_t most_head = 3500;

  kind what = kind::http;
  std::string_view octets;       ///< the application's own
  bool has_octets = true;        ///< whether there is such a state
  std::string_view head;         ///< of a session: the header section of its handshake
  std::string_view subprotocol;  ///< of a session: the one agreed on; 255 octets at most
  std::string_view client;       ///< whom a proxy has named; empty: nobody; 255 octets at most
  bool client_secure = false;
};

/// As the text that moving_connection::state carries: an octet for the kind, then the application's. The
/// empty text is an HTTP connection without a state. A session has its handshake and subprotocol in between.
/// What a proxy has said, if it has, comes before all of that.
std::string pack_state(const moved_state& state);

/// Nothing for a kind that is not known here, or a text that is cut off. The view points into `text`.
std::optional<moved_state> unpack_state(std::string_view text) noexcept;

}  // namespace cluster::http
