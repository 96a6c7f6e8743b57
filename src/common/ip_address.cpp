// SPDX-License-Identifier: BSL-1.0
#include "common/ip_address.hpp"

#include "common/text.hpp"

#include <algorithm>

#include <arpa/inet.h>

namespace cluster {
namespace {

constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

unsigned width(const ip_address& address) noexcept { return address.v6 ? 128 : 32; }

bool bit(const ip_address& address, unsigned number) noexcept {
  const unsigned octet = address.octets[number / 8];
  return ((octet >> (7 - number % 8)) & 1U) != 0;
}

}  // namespace

ip_address make_ip_address(std::string_view octets) {
  ip_address out;
  out.v6 = octets.size() == 16;
  if (out.v6 && std::ranges::equal(octets.substr(0, mapped.size()), mapped, {},
                                   [](char c) { return static_cast<std::uint8_t>(c); })) {
    octets.remove_prefix(mapped.size());
    out.v6 = false;
  }
  std::ranges::transform(octets.substr(0, 16), out.octets.begin(),
                         [](char c) { return static_cast<std::uint8_t>(c); });
  return out;
}

std::optional<ip_address> parse_ip_address(std::string_view text) {
  constexpr std::size_t longest = 45;
  if (text.size() > longest || text.find('\0') != text.npos) return std::nullopt;
  const std::string terminated(text);
  std::array<char, 16> octets{};
  if (::inet_pton(AF_INET, terminated.c_str(), octets.data()) == 1)
    return make_ip_address({octets.data(), 4});
  if (::inet_pton(AF_INET6, terminated.c_str(), octets.data()) == 1)
    return make_ip_address({octets.data(), 16});
  return std::nullopt;
}

std::optional<ip_address> parse_endpoint(std::string_view text) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return std::nullopt;
    port = text.substr(end + 1);
    text = text.substr(1, end - 1);
    if (text.find(':') == text.npos) return std::nullopt;
  } else if (const auto colon = text.find(':'); colon != text.npos && colon == text.rfind(':')) {
    port = text.substr(colon);
    text = text.substr(0, colon);
  }
  if (!port.empty()) {
    const auto number = port.starts_with(':') ? parse_number(port.substr(1)) : std::nullopt;
    if (!number || *number > 65535) return std::nullopt;
  }
  return parse_ip_address(text);
}

std::string to_string(const ip_address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.octets.data(), text, sizeof text);
  return text;
}

std::string to_endpoint(const ip_address& address, std::uint16_t port) {
  const std::string text = to_string(address);
  return (address.v6 ? "[" + text + "]:" : text + ":") + std::to_string(port);
}

bool ip_network::contains(const ip_address& address) const noexcept {
  if (address.v6 != first.v6) return false;
  for (unsigned i = 0; i < bits; ++i)
    if (bit(address, i) != bit(first, i)) return false;
  return true;
}

std::optional<ip_network> parse_ip_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto first = parse_ip_address(text.substr(0, slash));
  if (!first) return std::nullopt;
  ip_network out{*first, width(*first)};
  if (slash == text.npos) return out;
  const auto bits = parse_number(text.substr(slash + 1));
  if (!bits || *bits > out.bits) return std::nullopt;
  out.bits = static_cast<unsigned>(*bits);
  for (unsigned i = out.bits; i < width(*first); ++i)
    if (bit(*first, i)) return std::nullopt;
  return out;
}

}  // namespace cluster
