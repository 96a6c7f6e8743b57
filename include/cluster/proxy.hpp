// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cluster {

/// Which proxies are believed when they say whom they speak for.
struct proxy_options {
  /// Addresses ("192.0.2.1"), networks ("10.0.0.0/8", "fd00::/8"), and "unix" for peers on Unix sockets. On
  /// listeners with `+proxy` an empty list means everybody; a peer that is not in it speaks for itself there,
  /// and no header of the PROXY protocol is expected from it. At most 64.
  std::vector<std::string> trusted;

  enum class fields : std::uint8_t {
    none,
    forwarded,    ///< Forwarded (RFC 7239)
    x_forwarded,  ///< X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host
  };
  /// The header fields in which trusted proxies name the client. Take the ones that yours set on every
  /// request; the others could be the client's own. Needs `trusted`.
  fields forwarded = fields::none;
};

}  // namespace cluster
