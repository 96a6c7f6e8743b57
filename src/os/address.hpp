// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cluster::os {

/// A listen URI taken apart; nothing is resolved or opened yet.
struct listen_address {
  enum class kind : std::uint8_t { tcp, unix_socket, inherited, service_manager };

  kind what = kind::tcp;
  std::string host;        ///< tcp; empty means every address, IPv6 and IPv4
  std::uint16_t port = 0;  ///< tcp; zero means: the kernel chooses
  bool v6_only = false;    ///< tcp with an IPv6 host
  std::string path;        ///< unix_socket
  int fd = -1;             ///< inherited
  std::string name;        ///< service_manager; empty means all that were passed

  friend bool operator==(const listen_address&, const listen_address&) = default;
};

/// What --listen accepts, in words, for error lines.
inline constexpr std::string_view listen_address_forms =
    "3000, :3000, host:port, tcp://[::]:3000[?v6only=1], unix:/path, fd:N or systemd:[name]";

/// Reads `3000`, `:3000`, `host:port`, `[v6]:port`, `tcp://...`, `unix:/path`, `fd:N`, `systemd:[name]`.
/// On failure `why` says what is wrong with it.
std::optional<listen_address> parse_listen_address(std::string_view text, std::string& why);

}  // namespace cluster::os
