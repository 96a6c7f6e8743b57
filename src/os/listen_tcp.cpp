// SPDX-License-Identifier: BSL-1.0
#include "os/listen_access.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>

namespace cluster::os {
namespace {

struct endpoint {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

std::string written(const listen_address& address) {
  const std::string host = address.host.empty() ? "*" : address.host;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(address.port);
}

std::string explain(const listen_address& address, const error_code& ec) {
  std::string line = "cannot listen on " + written(address) + ": " + ec.message();
  if (ec.value() == EACCES && address.port != 0 && address.port < 1024)
    line += " (ports below net.ipv4.ip_unprivileged_port_start need root or CAP_NET_BIND_SERVICE)";
  else if (ec.value() == EADDRINUSE) line += " (another program listens there)";
  return line;
}

endpoint any_address(int family, std::uint16_t port) {
  endpoint result;
  if (family == AF_INET6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_any;
    v6.sin6_port = htons(port);
    result.length = sizeof v6;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage);
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_ANY);
    v4.sin_port = htons(port);
    result.length = sizeof v4;
  }
  return result;
}

failure resolve(const listen_address& address, std::vector<endpoint>& out) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(address.port);
  const int status = ::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &list);
  if (status != 0)
    return {make_error_code(error::bind_failed),
            "cannot listen on " + written(address) + ": " + ::gai_strerror(status)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    endpoint next;
    next.length = entry->ai_addrlen;
    std::memcpy(&next.storage, entry->ai_addr, entry->ai_addrlen);
    const bool known = [&] {
      for (const endpoint& other : out)
        if (other.length == next.length && std::memcmp(&other.storage, &next.storage, next.length) == 0)
          return true;
      return false;
    }();
    if (!known) out.push_back(next);
  }
  return {};
}

void set_port(endpoint& where, std::uint16_t port) {
  if (where.storage.ss_family == AF_INET6)
    reinterpret_cast<sockaddr_in6&>(where.storage).sin6_port = htons(port);
  else reinterpret_cast<sockaddr_in&>(where.storage).sin_port = htons(port);
}

bool set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// With a shared port a second cluster of the same user would bind without complaint and take half of the
// connections. A socket that shares nothing finds out, and which port a zero becomes.
error_code nobody_else_at(endpoint& where, bool v6_only) {
  const int family = where.storage.ss_family;
  const unique_fd probe(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) return last_error();
  if (!set_option(probe.get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
      (family == AF_INET6 && !set_option(probe.get(), IPPROTO_IPV6, IPV6_V6ONLY, v6_only ? 1 : 0)) ||
      ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&where.storage), where.length) != 0 ||
      ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&where.storage), &where.length) != 0)
    return last_error();
  return {};
}

// Binds and listens; the error code tells a missing address family (a host without IPv6) from the rest.
error_code listen_at(endpoint where, bool v6_only, const listen_settings& how, unique_fd& out) {
  if (how.share_port)
    if (const error_code ec = nobody_else_at(where, v6_only)) return ec;
  const int family = where.storage.ss_family;
  unique_fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return last_error();
  // SO_REUSEADDR: a restart must not wait for old connections in TIME_WAIT. TCP_NODELAY is inherited by
  // accepted connections, which saves each of them a system call.
  if (!set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
      !set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1) ||
      (how.share_port && !set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) ||
      (how.keep_alive && !set_option(fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1)) ||
      (how.defer_accept != 0 && !set_option(fd.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, how.defer_accept)) ||
      (how.fast_open != 0 && !set_option(fd.get(), IPPROTO_TCP, TCP_FASTOPEN, how.fast_open)) ||
      (family == AF_INET6 && !set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, v6_only ? 1 : 0)) ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&where.storage), where.length) != 0 ||
      ::listen(fd.get(), how.backlog) != 0)
    return last_error();
  out = std::move(fd);
  return {};
}

failure add(const listen_address& address, unique_fd fd, std::vector<listen_socket>& out) {
  listener description;
  if (failure failed = describe_socket(fd.get(), description)) {
    failed.detail = explain(address, failed.code);
    return failed;
  }
  out.push_back(listen_socket_access::make(std::move(fd), std::move(description)));
  return {};
}

// Every address: one dual-stack socket, or plain IPv4 on a host without IPv6.
failure open_any(const listen_address& address, const listen_settings& how, std::vector<listen_socket>& out) {
  unique_fd fd;
  error_code ec = listen_at(any_address(AF_INET6, address.port), address.v6_only, how, fd);
  if (!address.v6_only && (ec.value() == EAFNOSUPPORT || ec.value() == EADDRNOTAVAIL))
    ec = listen_at(any_address(AF_INET, address.port), false, how, fd);
  if (ec) return {ec, explain(address, ec)};
  return add(address, std::move(fd), out);
}

failure open_each(const listen_address& address, std::vector<endpoint>& endpoints,
                  const listen_settings& settings, std::vector<listen_socket>& out) {
  error_code missing_family;
  for (endpoint& where : endpoints) {
    // A name with several addresses and port 0: the first one's port serves for all.
    if (address.port == 0 && !out.empty()) set_port(where, out.front().description().port);
    // Several addresses of one name stay apart; a lone `[::]` is dual stack unless told otherwise.
    const bool v6_only = address.v6_only || endpoints.size() > 1;
    unique_fd fd;
    const error_code ec = listen_at(where, v6_only, settings, fd);
    const bool family_is_missing = ec.value() == EAFNOSUPPORT || ec.value() == EADDRNOTAVAIL;
    if (ec && family_is_missing && endpoints.size() > 1) {
      missing_family = ec;
      continue;
    }
    if (ec) return {ec, explain(address, ec)};
    if (failure failed = add(address, std::move(fd), out)) return failed;
  }
  if (out.empty()) return {missing_family, explain(address, missing_family)};
  return {};
}

}  // namespace

failure open_tcp(const listen_address& address, const listen_settings& settings,
                 std::vector<listen_socket>& out) {
  if (address.host.empty()) return open_any(address, settings, out);
  std::vector<endpoint> endpoints;
  if (failure failed = resolve(address, endpoints)) return failed;
  // A port that the kernel finds free at the first address may be taken at the next one; another one is not.
  for (int attempts = 1;; ++attempts) {
    failure failed = open_each(address, endpoints, settings, out);
    if (failed.code.value() != EADDRINUSE || address.port != 0 || out.empty() || attempts == 16)
      return failed;
    out.clear();
  }
}

}  // namespace cluster::os
