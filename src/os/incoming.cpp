// SPDX-License-Identifier: BSL-1.0
#include "os/incoming.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>

#include <cerrno>

namespace cluster::os {
namespace {

// IPv4 clients of a dual-stack socket are named as IPv4.
void name_peer(const sockaddr_storage& peer, incoming& out) {
  char text[INET6_ADDRSTRLEN] = {};
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    out.port = ntohs(v4.sin_port);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  } else if (peer.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer);
    out.port = ntohs(v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
      ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, sizeof text);
    else ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  }
  out.address = text;
}

}  // namespace

error_code accept_connection(int listening, incoming& out) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  out = {};
  out.fd.reset(
      ::accept4(listening, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!out.fd) return errno == EAGAIN ? make_error_code(boost::asio::error::would_block) : last_error();
  name_peer(peer, out);
  return {};
}

bool is_shortage(const error_code& ec) noexcept {
  switch (ec.value()) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return true;
    default: return false;  // an open set of numbers, not a state
  }
}

error_code peek(int connected, std::span<char> into, std::size_t& size) {
  const ssize_t got = ::recv(connected, into.data(), into.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got < 0)
    return errno == EAGAIN || errno == EINTR ? make_error_code(boost::asio::error::would_block)
                                             : last_error();
  size = static_cast<std::size_t>(got);
  return {};
}

void readable_from(int connected, std::size_t octets) noexcept {
  const int least = static_cast<int>(octets);
  ::setsockopt(connected, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least);
}

}  // namespace cluster::os
