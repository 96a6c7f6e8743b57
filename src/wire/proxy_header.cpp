// SPDX-License-Identifier: BSL-1.0
#include "wire/proxy_header.hpp"

#include "common/ip_address.hpp"
#include "common/text.hpp"

#include <algorithm>
#include <optional>

namespace cluster::wire {
namespace {

constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::string_view first_word = "PROXY ";
constexpr std::size_t longest_line = 107;

bool begins(std::string_view octets, std::string_view with) {
  const std::size_t n = std::min(octets.size(), with.size());
  return octets.substr(0, n) == with.substr(0, n);
}

std::string_view next_word(std::string_view& rest) {
  const auto space = rest.find(' ');
  const std::string_view word = rest.substr(0, space);
  rest = space == rest.npos ? std::string_view{} : rest.substr(space + 1);
  return word;
}

// As the specification wants it: digits, no zero in front.
std::optional<std::uint16_t> port_of(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number > 65535 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

proxy_state read_line(std::string_view octets, proxy_header& out) {
  const auto end = octets.find("\r\n");
  if (end == octets.npos) {
    // The longest one is complete by then; a CR of the line end may be the last octet so far.
    return octets.size() < longest_line ? proxy_state::incomplete : proxy_state::refused;
  }
  if (end + 2 > longest_line) return proxy_state::refused;
  std::string_view rest = octets.substr(first_word.size(), end - first_word.size());
  proxy_header found{end + 2, {}, false};
  const std::string_view family = next_word(rest);
  if (family != "UNKNOWN") {
    if (family != "TCP4" && family != "TCP6") return proxy_state::refused;
    const bool v6 = family == "TCP6";
    const std::string_view source_text = next_word(rest);
    const std::string_view target_text = next_word(rest);
    const auto source = parse_ip_address(source_text);
    const auto target = parse_ip_address(target_text);
    const auto source_port = port_of(next_word(rest));
    const auto target_port = port_of(rest);
    if (!source || !target || !source_port || !target_port) return proxy_state::refused;
    // By the text, since an IPv4 address in an IPv6 one counts as IPv4 elsewhere.
    if ((source_text.find(':') != source_text.npos) != v6 ||
        (target_text.find(':') != target_text.npos) != v6)
      return proxy_state::refused;
    found.client = to_endpoint(*source, *source_port);
  }
  out = std::move(found);
  return proxy_state::complete;
}

unsigned octet(std::string_view from, std::size_t at) { return static_cast<unsigned char>(from[at]); }
unsigned pair(std::string_view from, std::size_t at) { return octet(from, at) << 8U | octet(from, at + 1); }

// Type, length, value, to the end. False if they do not come out even.
bool read_extras(std::string_view rest, proxy_header& out) {
  constexpr unsigned type_tls = 0x20;
  constexpr unsigned client_spoke_tls = 1;
  while (!rest.empty()) {
    if (rest.size() < 3) return false;
    const std::size_t length = pair(rest, 1);
    if (rest.size() - 3 < length) return false;
    if (octet(rest, 0) == type_tls) {
      if (length < 5) return false;
      out.secure = (octet(rest, 3) & client_spoke_tls) != 0;
    }
    rest.remove_prefix(3 + length);
  }
  return true;
}

proxy_state read_binary(std::string_view octets, proxy_header& out) {
  constexpr std::size_t fixed = 16;
  if (octets.size() < fixed) return proxy_state::incomplete;
  const unsigned command = octet(octets, 12);
  const unsigned family = octet(octets, 13);
  const std::size_t length = pair(octets, 14);
  if (command != 0x20 && command != 0x21) return proxy_state::refused;
  if (fixed + length > proxy_header::most) return proxy_state::refused;
  if (octets.size() < fixed + length) return proxy_state::incomplete;
  proxy_header found{fixed + length, {}, false};
  std::string_view rest = octets.substr(fixed, length);
  if (command == 0x21 && family != 0) {
    std::size_t addresses = 0;
    switch (family) {
      case 0x11: addresses = 12; break;   // TCP over IPv4
      case 0x21: addresses = 36; break;   // TCP over IPv6
      case 0x31: addresses = 216; break;  // a Unix socket
      default: return proxy_state::refused;
    }
    if (rest.size() < addresses) return proxy_state::refused;
    const std::size_t each = family == 0x11 ? 4 : 16;
    if (family == 0x31) found.client = "unix";
    else
      found.client = to_endpoint(make_ip_address(rest.substr(0, each)),
                                 static_cast<std::uint16_t>(pair(rest, 2 * each)));
    if (!read_extras(rest.substr(addresses), found)) return proxy_state::refused;
  }
  out = std::move(found);
  return proxy_state::complete;
}

}  // namespace

proxy_state read_proxy_header(std::string_view octets, proxy_header& out) {
  if (octets.empty()) return proxy_state::incomplete;
  if (begins(octets, signature))
    return octets.size() < signature.size() ? proxy_state::incomplete : read_binary(octets, out);
  if (begins(octets, first_word))
    return octets.size() < first_word.size() ? proxy_state::incomplete : read_line(octets, out);
  return proxy_state::refused;
}

}  // namespace cluster::wire
