// SPDX-License-Identifier: BSL-1.0
#include "os/address.hpp"

#include "common/text.hpp"

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

bool take_query(std::string_view& text, listen_address& address, std::string& why) {
  const auto mark = text.find('?');
  if (mark == text.npos) return true;
  const std::string_view query = text.substr(mark + 1);
  text = text.substr(0, mark);
  if (query == "v6only=1" || query == "v6only=0") {
    address.v6_only = query.ends_with('1');
    return true;
  }
  why = "the only parameter of a tcp address is v6only=0 or v6only=1";
  return false;
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
