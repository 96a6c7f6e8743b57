// SPDX-License-Identifier: BSL-1.0
#include "os/address.hpp"

#include "common/text.hpp"

#include <algorithm>
#include <limits>

namespace cluster::os {
namespace {

using result = std::optional<listen_address>;

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

result refuse(std::string& why, std::string_view reason) {
  why = reason;
  return std::nullopt;
}

template <class Number>
bool take_number(std::string_view text, std::uint64_t least, std::uint64_t most, Number& out) {
  const auto number = parse_number(text);
  if (!number || *number < least || *number > most) return false;
  out = static_cast<Number>(*number);
  return true;
}

bool take_name(std::string_view text, std::string& out) {
  constexpr std::string_view fine = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  out = text;
  return !text.empty() && text.size() <= 64 && text.find_first_not_of(fine) == text.npos;
}

bool take_mode(std::string_view text, std::optional<unsigned>& out) {
  unsigned mode = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '7' || mode > 0777) return false;
    mode = mode * 8 + static_cast<unsigned>(digit - '0');
  }
  out = mode;
  return !text.empty() && mode <= 0777;
}

bool take_parameter(std::string_view key, std::string_view value, listen_address& address) {
  const bool tcp = address.what == listen_address::kind::tcp;
  if (key == "name") return take_name(value, address.name);
  if (key == "backlog") return take_number(value, 1, 1'000'000, address.backlog);
  if (key == "mode") return !tcp && take_mode(value, address.mode);
  if (key == "v6only") return tcp && take_number(value, 0, 1, address.v6_only);
  if (key == "keep-alive") return tcp && take_number(value, 0, 1, address.keep_alive);
  if (key == "defer-accept") return tcp && take_number(value, 0, 3600, address.defer_accept);
  if (key == "fast-open") return tcp && take_number(value, 0, 65535, address.fast_open);
  return false;
}

bool take_query(std::string_view& text, listen_address& address, std::string& why) {
  const auto mark = text.find('?');
  if (mark == text.npos) return true;
  std::string_view query = text.substr(mark + 1);
  // A file may be named like that.
  if (address.what == listen_address::kind::unix_socket && query.find('=') == query.npos) return true;
  text = text.substr(0, mark);
  while (true) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (equals == pair.size() || !take_parameter(pair.substr(0, equals), pair.substr(equals + 1), address)) {
      const bool tcp = address.what == listen_address::kind::tcp;
      why = "'" + std::string(pair) + "' is no parameter of " + (tcp ? "a tcp" : "a unix") +
            " address; they are " + std::string(tcp ? tcp_parameters : unix_parameters);
      return false;
    }
    if (end == query.size()) return true;
    query.remove_prefix(end + 1);
  }
}

result parse_tcp(std::string_view text, std::string& why) {
  listen_address address;
  if (!take_query(text, address, why)) return std::nullopt;
  std::string_view port = text;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return refuse(why, "the ']' of the IPv6 address is missing");
    address.host = text.substr(1, end - 1);
    if (address.host.empty()) return refuse(why, "there is no address between '[' and ']'");
    port = text.substr(end + 1);
    if (!take_prefix(port, ":")) return refuse(why, "':port' is missing after ']'");
  } else if (const auto colon = text.rfind(':'); colon != text.npos) {
    address.host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (address.host.find(':') != std::string::npos)
      return refuse(why, "an IPv6 address needs brackets, as in [::1]:3000");
    if (address.host == "*") address.host.clear();
  } else if (!text.empty() && text.find_first_not_of("0123456789") != text.npos) {
    return refuse(why, "the port is missing");
  }
  if (address.host.find_first_of("/@ \t") != std::string::npos)
    return refuse(why, "a host has no '/', '@' or space in it");
  const auto number = parse_number(port);
  if (!number || *number > std::numeric_limits<std::uint16_t>::max())
    return refuse(why, "the port is not a number from 0 to 65535");
  address.port = static_cast<std::uint16_t>(*number);
  if (address.v6_only && !address.host.empty() && address.host.find(':') == std::string::npos)
    return refuse(why, "v6only needs an IPv6 address");
  return address;
}

result parse_fd(std::string_view text, std::string& why) {
  const auto number = parse_number(text);
  if (!number || *number > 1'000'000) return refuse(why, "fd: needs a descriptor number");
  listen_address address;
  address.what = listen_address::kind::inherited;
  address.fd = static_cast<int>(*number);
  return address;
}

}  // namespace

result parse_listen_address(std::string_view text, std::string& why) {
  if (text.empty()) return refuse(why, "it is empty");
  if (text.find('\0') != text.npos) return refuse(why, "it contains a zero byte");
  if (take_prefix(text, "tcp://")) return parse_tcp(text, why);
  if (take_prefix(text, "fd:")) return parse_fd(text, why);
  listen_address address;
  if (take_prefix(text, "unix:")) {
    take_prefix(text, "//");
    address.what = listen_address::kind::unix_socket;
    if (!take_query(text, address, why)) return std::nullopt;
    address.path = text;
    if (text.empty() || text.ends_with('/')) return refuse(why, "unix: needs the path of a socket file");
    return address;
  }
  if (take_prefix(text, "systemd:")) {
    address.what = listen_address::kind::service_manager;
    address.name = text;
    return address;
  }
  if (const auto scheme = text.find("://"); scheme != text.npos)
    return refuse(why, "the scheme '" + std::string(text.substr(0, scheme)) + "' is not known");
  return parse_tcp(text, why);
}

}  // namespace cluster::os
