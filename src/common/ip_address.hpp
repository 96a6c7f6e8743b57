// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Exported, because the component http is a library of its own that uses them.
namespace cluster {

/// An IPv4 or IPv6 address as a value. IPv4 in IPv6 (::ffff:a.b.c.d) is IPv4.
struct ip_address {
  std::array<std::uint8_t, 16> octets{};  ///< the first four of them for IPv4
  bool v6 = false;

  friend bool operator==(const ip_address&, const ip_address&) = default;
};

/// From its octets, four or sixteen, as they are on the wire.
CLUSTER_API ip_address make_ip_address(std::string_view octets);

/// "192.0.2.1", "2001:db8::1"; nothing else round it.
CLUSTER_API std::optional<ip_address> parse_ip_address(std::string_view text);

/// The same with what peers have round it: "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:80".
CLUSTER_API std::optional<ip_address> parse_endpoint(std::string_view text);

CLUSTER_API std::string to_string(const ip_address& address);
/// "192.0.2.1:80", "[2001:db8::1]:80"
CLUSTER_API std::string to_endpoint(const ip_address& address, std::uint16_t port);

/// All addresses that begin with the same bits.
struct ip_network {
  ip_address first;
  unsigned bits = 0;

  CLUSTER_API bool contains(const ip_address& address) const noexcept;
};

/// "10.0.0.0/8", "2001:db8::/32", or an address alone. Bits behind the prefix have to be zero.
CLUSTER_API std::optional<ip_network> parse_ip_network(std::string_view text);

}  // namespace cluster
