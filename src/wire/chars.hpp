// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cluster::wire {

/// Classes of octets, as RFC 9110 5.5/5.6.2 and RFC 9112 3.2 define them; one table, one bit a class.
namespace chars {

inline constexpr std::uint8_t token = 1;     ///< tchar: names of fields, methods
inline constexpr std::uint8_t value = 2;     ///< may stand in a field value
inline constexpr std::uint8_t target = 4;    ///< may stand in a request target
inline constexpr std::uint8_t reg_name = 8;  ///< may stand in the host part of an authority
inline constexpr std::uint8_t digit = 16;
inline constexpr std::uint8_t hex = 32;

constexpr bool in(std::string_view set, unsigned c) {
  return set.find(static_cast<char>(c)) != std::string_view::npos;
}

constexpr std::array<std::uint8_t, 256> make_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool is_digit = c >= '0' && c <= '9';
    const bool is_alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    unsigned bits = 0;
    if (is_digit || is_alpha || (c < 128 && in("!#$%&'*+-.^_`|~", c))) bits |= token;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) bits |= value;
    if (c > 0x20 && c < 0x7f && c != '#') bits |= target;
    if (is_digit || is_alpha || (c < 128 && in("-._~!$&'()*+,;=", c))) bits |= reg_name;
    if (is_digit) bits |= digit;
    if (is_digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) bits |= hex;
    table[c] = static_cast<std::uint8_t>(bits);
  }
  return table;
}

inline constexpr std::array<std::uint8_t, 256> table = make_table();

}  // namespace chars

constexpr bool is_char(char c, std::uint8_t classes) {
  return (chars::table[static_cast<unsigned char>(c)] & classes) != 0;
}

constexpr bool all_chars(std::string_view text, std::uint8_t classes) {
  for (const char c : text)
    if (!is_char(c, classes)) return false;
  return true;
}

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// Compares without regard to ASCII case; `lower` has to be in lower case already.
constexpr bool equals_lower(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (to_lower(text[i]) != lower[i]) return false;
  return true;
}

/// Compares two texts without regard to ASCII case.
constexpr bool equals_nocase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  return true;
}

/// The value of a hexadecimal digit; call it for such only.
constexpr unsigned hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>(to_lower(c) - 'a') + 10U;
}

/// Without spaces and tabs at both ends.
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes the next element of a comma-separated list (RFC 9110 5.6.1) off the front of `list`, trimmed;
/// may be empty.
constexpr std::string_view next_element(std::string_view& list) {
  const std::size_t comma = list.find(',');
  const std::string_view element = trim(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  return element;
}

}  // namespace cluster::wire
