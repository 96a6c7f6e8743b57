// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <ostream>  // first: Beast 1.81 forgets it in verb.hpp

#include <boost/beast/http/verb.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace cluster::wire {

using verb = boost::beast::http::verb;
/// Name as sent, value without white space round it.
using field = std::pair<std::string_view, std::string_view>;

enum class framing : std::uint8_t { none, length, chunked };

/// A validated header section. All views point into the buffer it was read from (or to constants).
struct request_head {
  verb method{};
  std::string_view method_text;
  std::string_view target;  ///< as sent
  std::string_view path;    ///< without query; never empty
  std::string_view query;   ///< without '?'
  std::string_view host;    ///< of the target if that has one, else of the Host field
  unsigned version = 11;    ///< 10 or 11; 1.2 and above count as 11
  framing body = framing::none;
  bool keep_alive = true;  ///< all Connection lines looked at
  bool expect_continue = false;
  std::uint64_t content_length = 0;  ///< with framing::length
  std::size_t size = 0;              ///< octets of the header section
  std::vector<field> fields;

  /// Value of the first field of that name (case does not matter), or a null view.
  std::string_view find(std::string_view name) const noexcept;

  /// Makes all views that point into [from, from + size) point to the copy at `to`.
  void rebase(const char* from, const char* to) noexcept;
};

}  // namespace cluster::wire
