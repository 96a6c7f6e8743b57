// SPDX-License-Identifier: BSL-1.0
#include "http/peer_name.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace cluster::http {

std::string peer_name(int fd) {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  if (fd < 0 || ::getpeername(fd, reinterpret_cast<sockaddr*>(&from), &size) != 0) return {};
  char text[INET6_ADDRSTRLEN] = "";
  if (from.ss_family == AF_UNIX) return "unix";
  if (from.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &from, sizeof v4);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  if (from.ss_family != AF_INET6) return {};
  sockaddr_in6 v6;
  std::memcpy(&v6, &from, sizeof v6);
  const std::string port = ":" + std::to_string(ntohs(v6.sin6_port));
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    ::inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, text, sizeof text);
    return text + port;
  }
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return "[" + std::string(text) + "]" + port;
}

}  // namespace cluster::http
