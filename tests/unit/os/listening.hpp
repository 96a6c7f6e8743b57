// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/listen_socket.hpp"
#include "support/catch.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace cluster::test {

struct opened {
  os::failure failed;
  std::vector<os::listen_socket> sockets;
};

inline opened open_at(const std::string& uri, const os::listen_settings& settings = {}) {
  std::string why;
  const auto address = os::parse_listen_address(uri, why);
  INFO(uri << ": " << why);
  REQUIRE(address);
  opened result;
  result.failed = os::open_listeners(*address, settings, result.sockets);
  return result;
}

/// Opens one listener, which must succeed.
inline os::listen_socket open_one(const std::string& uri, const os::listen_settings& settings = {}) {
  opened result = open_at(uri, settings);
  INFO(uri << ": " << result.failed.detail);
  REQUIRE_FALSE(result.failed);
  REQUIRE(result.sockets.size() == 1);
  return std::move(result.sockets.front());
}

/// 0, or the errno of the attempt to connect.
inline int connect_tcp4(std::uint16_t port) {
  const os::unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

inline int connect_tcp6(std::uint16_t port) {
  const os::unique_fd fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_loopback;
  return ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

inline sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

inline int connect_unix(const std::string& path) {
  const os::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = unix_address(path);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

/// A socket file as a kill -9 leaves it: bound, then closed without being removed.
inline void leave_stale_socket(const std::string& path) {
  const os::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = unix_address(path);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd.get(), 1) == 0);
}

inline int socket_option(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  REQUIRE(::getsockopt(fd, level, name, &value, &length) == 0);
  return value;
}

inline bool is_socket_file(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode);
}

inline bool has_ipv6() {
  const os::unique_fd fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return fd && ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace cluster::test
