// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cluster::http {

/// What goes along with a connection between two workers, which may run two versions of the program.
struct moved_state {
  enum class kind : std::uint8_t { http };

  kind what = kind::http;
  std::string_view octets;  ///< the application's own
};

/// As the text that moving_connection::state carries: an octet for the kind, then the application's. The
/// empty text is an HTTP connection without a state.
std::string pack_state(const moved_state& state);

/// Nothing for a kind that is not known here. The view points into `text`.
std::optional<moved_state> unpack_state(std::string_view text) noexcept;

}  // namespace cluster::http
