// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cluster::wire {

enum class plus : std::uint8_t { as_is, is_space };

/// Whether decoding would change the text.
constexpr bool needs_decoding(std::string_view text, plus how) noexcept {
  return text.find('%') != std::string_view::npos ||
         (how == plus::is_space && text.find('+') != std::string_view::npos);
}

/// Undoes percent-encoding (RFC 3986 2.1) once; in queries of forms also `+`. A broken escape stays as it
/// is (the head reader refuses such targets anyway).
std::string percent_decode(std::string_view text, plus how);

/// Whether `text`, decoded, equals `plain`. Allocates nothing.
bool equals_decoded(std::string_view text, std::string_view plain) noexcept;

}  // namespace cluster::wire
