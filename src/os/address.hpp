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
  std::string host;            ///< tcp; empty means every address, IPv6 and IPv4
  std::uint16_t port = 0;      ///< tcp; zero means: the kernel chooses
  bool v6_only = false;        ///< tcp with an IPv6 host
  std::string path;            ///< unix_socket
  int fd = -1;                 ///< inherited
  std::string name;            ///< service_manager: empty means all that were passed; else the listener's own
  std::optional<int> backlog;  ///< in place of that of all listeners
  std::optional<unsigned> mode;  ///< unix_socket: likewise
  int defer_accept = 0;          ///< tcp: seconds that a connection without data is kept from accept; 0: not
  int fast_open = 0;             ///< tcp: connections that may bring data with their first packet; 0: none
  bool keep_alive = false;       ///< tcp: the kernel asks silent peers whether they are still there

  friend bool operator==(const listen_address&, const listen_address&) = default;
};

/// What --listen accepts, in words, for error lines.
inline constexpr std::string_view listen_address_forms =
    "3000, :3000, host:port, tcp://[::]:3000[?v6only=1], unix:/path[?mode=660], fd:N or systemd:[name]";

/// The parameters behind a '?', joined by '&'.
inline constexpr std::string_view tcp_parameters =
    "name, backlog, v6only (0 or 1), keep-alive (0 or 1), defer-accept (seconds, up to 3600) and fast-open "
    "(up to 65535)";
inline constexpr std::string_view unix_parameters = "name, backlog and mode (octal, up to 777)";

/// Reads `3000`, `:3000`, `host:port`, `[v6]:port`, `tcp://...`, `unix:/path`, `fd:N`, `systemd:[name]`.
/// On failure `why` says what is wrong with it.
std::optional<listen_address> parse_listen_address(std::string_view text, std::string& why);

}  // namespace cluster::os
