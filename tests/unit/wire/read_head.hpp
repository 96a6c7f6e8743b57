// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire/head_reader.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace cluster::test {

/// What a head reader made of an input.
struct head_outcome {
  wire::head_state state = wire::head_state::incomplete;
  unsigned status = 0;       // refused
  std::size_t consumed = 0;  // complete: empty lines in front and the section
  wire::request_head head;
  std::unique_ptr<char[]> storage;  // what the views point into
};

/// Gives the reader one try at `input`, as a connection does; `scanned` goes from try to try. The octets
/// lie in a block of exactly their size, so that an address sanitizer sees a read beyond them.
inline head_outcome try_head(std::string_view input, std::size_t& scanned, wire::limits bounds = {}) {
  head_outcome out;
  out.storage = std::make_unique<char[]>(input.size());
  input.copy(out.storage.get(), input.size());
  const std::string_view copy(out.storage.get(), input.size());
  const std::size_t skipped = wire::leading_empty_lines(copy);
  wire::head_reader reader(bounds);
  out.state = reader.read(copy.substr(skipped), scanned, out.head);
  if (out.state == wire::head_state::refused) out.status = reader.why().status;
  if (out.state == wire::head_state::complete) out.consumed = skipped + out.head.size;
  return out;
}

inline head_outcome read_head(std::string_view input, wire::limits bounds = {}) {
  std::size_t scanned = 0;
  return try_head(input, scanned, bounds);
}

/// The same with the input growing octet by octet; the first outcome that is not "incomplete".
inline head_outcome read_head_slowly(std::string_view input, wire::limits bounds = {}) {
  std::size_t scanned = 0;
  std::size_t skipped = 0;
  for (std::size_t n = 1; n <= input.size(); ++n) {
    const std::size_t now_skipped = wire::leading_empty_lines(input.substr(0, n));
    if (now_skipped != skipped) scanned = 0;
    skipped = now_skipped;
    head_outcome out = try_head(input.substr(0, n), scanned, bounds);
    if (out.state != wire::head_state::incomplete) return out;
  }
  return {};
}

}  // namespace cluster::test
