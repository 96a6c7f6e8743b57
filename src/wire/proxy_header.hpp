// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cluster::wire {

/// What a proxy says at the beginning of a connection about whom it speaks for: the PROXY protocol, versions
/// 1 (a line of text) and 2 (binary).
struct proxy_header {
  /// Larger ones are refused; version 1 ends after 107 octets anyway.
  static constexpr std::size_t most = 4096;

  std::size_t size = 0;  ///< of the header
  /// "192.0.2.1:4711", "[2001:db8::1]:4711", "unix"; empty: the proxy speaks for itself, or does not know.
  std::string client;
  bool secure = false;  ///< the client speaks TLS with the proxy (version 2 alone tells)
};

enum class proxy_state : std::uint8_t { incomplete, complete, refused };

/// Reads it from all octets that came so far. `out` is set if it is complete.
proxy_state read_proxy_header(std::string_view octets, proxy_header& out);

}  // namespace cluster::wire
