// SPDX-License-Identifier: BSL-1.0
#include "wire/percent.hpp"

#include "wire/chars.hpp"

namespace cluster::wire {
namespace {

// The octet at the front of `text`, which is taken off; not for an empty text.
char take_decoded(std::string_view& text) noexcept {
  if (text.front() == '%' && text.size() >= 3 && is_char(text[1], chars::hex) &&
      is_char(text[2], chars::hex)) {
    const unsigned octet = hex_value(text[1]) << 4 | hex_value(text[2]);
    text.remove_prefix(3);
    return static_cast<char>(static_cast<unsigned char>(octet));
  }
  const char c = text.front();
  text.remove_prefix(1);
  return c;
}

}  // namespace

std::string percent_decode(std::string_view text, plus how) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const bool space = how == plus::is_space && text.front() == '+';
    const char c = take_decoded(text);
    out.push_back(space ? ' ' : c);
  }
  return out;
}

bool equals_decoded(std::string_view text, std::string_view plain) noexcept {
  for (const char c : plain) {
    if (text.empty() || take_decoded(text) != c) return false;
  }
  return text.empty();
}

}  // namespace cluster::wire
