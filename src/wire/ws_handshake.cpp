// SPDX-License-Identifier: BSL-1.0
#include "wire/ws_handshake.hpp"

#include "wire/chars.hpp"

namespace cluster::wire {
namespace {

constexpr int base64_value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// Base64 of 16 octets: 22 characters, of which the last one carries but two bits, and two for padding.
bool valid_key(std::string_view key) noexcept {
  if (key.size() != 24 || key.substr(22) != "==") return false;
  for (const char c : key.substr(0, 22))
    if (base64_value(c) < 0) return false;
  return base64_value(key[21]) % 16 == 0;
}

unsigned count(const request_head& head, std::string_view lower) noexcept {
  unsigned n = 0;
  for (const auto& [name, value] : head.fields) n += equals_lower(name, lower) ? 1U : 0U;
  return n;
}

// Takes a token, or with `quoted` a quoted string, off the front.
bool take_word(std::string_view& text, bool quoted) noexcept {
  if (quoted && text.starts_with('"')) {
    const std::size_t end = text.find('"', 1);
    // RFC 6455 9.1: what is quoted has to be a token as well, so there are no escapes in it.
    if (end == std::string_view::npos || end == 1 || !all_chars(text.substr(1, end - 1), chars::token))
      return false;
    text.remove_prefix(end + 1);
    return true;
  }
  std::size_t n = 0;
  while (n < text.size() && is_char(text[n], chars::token)) ++n;
  text.remove_prefix(n);
  return n != 0;
}

}  // namespace

bool has_token(const request_head& head, std::string_view field_name, std::string_view lower) noexcept {
  for (const auto& [name, value] : head.fields) {
    if (!equals_nocase(name, field_name)) continue;
    for (std::string_view rest = value; !rest.empty();)
      if (equals_lower(next_element(rest), lower)) return true;
  }
  return false;
}

bool valid_extensions(std::string_view list) noexcept {
  bool any = false;
  for (std::string_view rest = trim(list); !rest.empty();) {
    if (rest.front() == ',') {
      rest = trim(rest.substr(1));
      continue;
    }
    if (!take_word(rest, false)) return false;
    any = true;
    for (rest = trim(rest); rest.starts_with(';'); rest = trim(rest)) {
      rest = trim(rest.substr(1));
      if (!take_word(rest, false)) return false;
      rest = trim(rest);
      if (!rest.starts_with('=')) continue;
      rest = trim(rest.substr(1));
      if (!take_word(rest, true)) return false;
    }
    if (!rest.empty() && rest.front() != ',') return false;
  }
  return any;
}

refusal check_handshake(const request_head& head) noexcept {
  if (!has_token(head, "upgrade", "websocket") || !has_token(head, "connection", "upgrade"))
    return {426, "an Upgrade to websocket is required"};
  if (head.method != verb::get || head.version < 11) return {400, "a WebSocket begins with GET of HTTP/1.1"};
  if (head.body != framing::none) return {400, "a WebSocket begins without content"};
  if (count(head, "sec-websocket-version") != 1) return {400, "one Sec-WebSocket-Version is required"};
  if (head.find("sec-websocket-version") != "13") return {426, "version 13 of WebSocket is required"};
  if (count(head, "sec-websocket-key") != 1) return {400, "one Sec-WebSocket-Key is required"};
  if (!valid_key(head.find("sec-websocket-key"))) return {400, "bad Sec-WebSocket-Key"};
  for (const auto& [name, value] : head.fields) {
    if (equals_lower(name, "sec-websocket-extensions") && !valid_extensions(value))
      return {400, "bad Sec-WebSocket-Extensions"};
    if (!equals_lower(name, "sec-websocket-protocol")) continue;
    for (std::string_view rest = value; !rest.empty();)
      if (!all_chars(next_element(rest), chars::token)) return {400, "bad Sec-WebSocket-Protocol"};
  }
  return {};
}

}  // namespace cluster::wire
