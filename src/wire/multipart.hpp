// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace cluster::wire {

/// A part of content of the type multipart/form-data (RFC 7578). Views into the content.
struct form_part {
  std::string_view name;
  std::string_view filename;
  std::string_view content_type;
  std::string_view body;
  bool has_filename = false;
};

struct multipart_limits {
  std::size_t parts = 128;
  std::size_t head_bytes = 4096;  ///< of one part
};

/// The boundary that a value of Content-Type names; nothing if it is not multipart/form-data with a boundary
/// of 1 to 70 of the characters that may be in one (RFC 2046 5.1.1).
std::optional<std::string_view> multipart_boundary(std::string_view content_type) noexcept;

/// All parts in order; nothing for content that is not written by the rules or is beyond the limits. Each
/// part has to have a Content-Disposition `form-data` with a name.
std::optional<std::vector<form_part>> read_multipart(std::string_view content, std::string_view boundary,
                                                     const multipart_limits& limits);

}  // namespace cluster::wire
