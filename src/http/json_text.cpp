// SPDX-License-Identifier: BSL-1.0
#include "http/json_text.hpp"

#include <cluster/http/json.hpp>

namespace cluster::http {

std::size_t utf8_character(std::string_view text) noexcept {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((at(i) & 0xc0U) != 0x80) return 0;
  const unsigned second = at(1);
  // Longer than needed, halves of surrogate pairs, beyond U+10FFFF.
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return size;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  out.push_back('"');
  while (!text.empty()) {
    const char c = text.front();
    const auto octet = static_cast<unsigned char>(c);
    std::size_t size = 1;
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (c == '\n') {
      out.append("\\n");
    } else if (octet < 0x20 || octet == 0x7f || c == '<' || c == '>' || c == '&') {
      out.append("\\u00").push_back(digits[octet >> 4U]);
      out.push_back(digits[octet & 15U]);
    } else if (const std::size_t length = utf8_character(text); length == 0) {
      out.append("\\ufffd");
    } else {
      out.append(text.substr(0, size = length));
    }
    text.remove_prefix(size);
  }
  out.push_back('"');
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace cluster::http
