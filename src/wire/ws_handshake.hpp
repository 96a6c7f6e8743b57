// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire/limits.hpp"
#include "wire/request_head.hpp"

#include <string_view>

namespace cluster::wire {

/// Whether a request is an opening handshake of WebSocket as RFC 6455 4.2.1 wants it: GET of HTTP/1.1
/// without content, Upgrade and Connection naming it, one key of 16 octets in base64, version 13, well-formed
/// offers of subprotocols and extensions. Status 0: it is. 426: an Upgrade or another version would help;
/// 400: it is broken.
refusal check_handshake(const request_head& head) noexcept;

/// The first of the client's subprotocols (all its Sec-WebSocket-Protocol fields) for which `wanted` says
/// yes; empty if there is none. The view points into the head.
template <class Wanted>
std::string_view choose_subprotocol(const request_head& head, Wanted wanted);

/// Whether one of the elements of all fields of that name is the token, whatever its case.
bool has_token(const request_head& head, std::string_view name, std::string_view lower) noexcept;

/// Whether the text is a list (RFC 9110 5.6.1) of extensions with parameters (RFC 6455 9.1).
bool valid_extensions(std::string_view list) noexcept;

}  // namespace cluster::wire

#include "wire/chars.hpp"

template <class Wanted>
std::string_view cluster::wire::choose_subprotocol(const request_head& head, Wanted wanted) {
  for (const auto& [name, value] : head.fields) {
    if (!equals_lower(name, "sec-websocket-protocol")) continue;
    for (std::string_view rest = value; !rest.empty();)
      if (const std::string_view each = next_element(rest); !each.empty() && wanted(each)) return each;
  }
  return {};
}
