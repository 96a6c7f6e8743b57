// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace cluster::wire {

inline constexpr unsigned protocol_error = 1002;

/// Whether a close frame may carry that code (RFC 6455 7.4, and of the registry it founded what Beast knows).
constexpr bool may_be_sent(unsigned code) noexcept {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1013 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace cluster::wire
