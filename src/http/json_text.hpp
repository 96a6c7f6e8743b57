// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cluster::http {

/// Appends the text as a JSON string; see json_string().
void append_json_string(std::string& out, std::string_view text);

/// The number of octets of the UTF-8 character (RFC 3629) at the front of a text that is not empty; 0 if
/// there is none.
std::size_t utf8_character(std::string_view text) noexcept;

}  // namespace cluster::http
