// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace cluster::wire {

/// What one message may cost. All in octets but `fields`.
struct limits {
  std::size_t header_bytes = 16 * 1024;     ///< request line, fields and the empty line; 431 or 414
  std::size_t target_bytes = 8 * 1024;      ///< 414
  std::size_t fields = 128;                 ///< 431; for trailers too
  std::uint64_t body_bytes = 1024 * 1024;   ///< content after decoding; 413
  std::size_t extension_bytes = 16 * 1024;  ///< sum of all chunk extensions of a message; 413
  std::size_t trailer_bytes = 8 * 1024;     ///< trailer section; 431
};

/// Why a message was not taken: the status to answer with, and the reason in a few words. The connection
/// cannot be used for another request afterwards.
struct refusal {
  unsigned status = 0;
  const char* reason = "";
};

}  // namespace cluster::wire
