// SPDX-License-Identifier: BSL-1.0
#include "os/reuse_port.hpp"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdint>
#include <vector>

namespace cluster::os {
namespace {

bool copy_option(int from, int to, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  return ::getsockopt(from, level, name, &value, &length) == 0 &&
         (value == 0 || ::setsockopt(to, level, name, &value, length) == 0);
}

sock_filter statement(std::uint16_t code, std::uint32_t value) { return {code, 0, 0, value}; }

}  // namespace

bool shares_port(int fd) {
  int value = 0;
  socklen_t length = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, &length) == 0 && value != 0;
}

error_code listen_beside(int fd, int backlog, unique_fd& out) {
  sockaddr_storage where{};
  socklen_t length = sizeof where;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&where), &length) != 0) return last_error();
  unique_fd added(::socket(where.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!added) return last_error();
  if (!copy_option(fd, added.get(), SOL_SOCKET, SO_REUSEADDR) ||
      !copy_option(fd, added.get(), SOL_SOCKET, SO_REUSEPORT) ||
      !copy_option(fd, added.get(), SOL_SOCKET, SO_KEEPALIVE) ||
      !copy_option(fd, added.get(), IPPROTO_TCP, TCP_NODELAY) ||
      !copy_option(fd, added.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT) ||
      !copy_option(fd, added.get(), IPPROTO_TCP, TCP_FASTOPEN) ||
      (where.ss_family == AF_INET6 && !copy_option(fd, added.get(), IPPROTO_IPV6, IPV6_V6ONLY)) ||
      ::bind(added.get(), reinterpret_cast<const sockaddr*>(&where), length) != 0 ||
      ::listen(added.get(), backlog) != 0)
    return last_error();
  out = std::move(added);
  return {};
}

// A = random % n; if A == 0 return to[0]; if A == 1 return to[1]; ... By chance rather than by the hash of
// the addresses: that one is not always computed, and then all would go to the same socket.
error_code steer(int fd, std::span<const std::size_t> to) {
  std::vector<sock_filter> program;
  program.push_back(
      statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)));
  program.push_back(statement(BPF_ALU | BPF_MOD | BPF_K, static_cast<std::uint32_t>(to.size())));
  for (std::size_t i = 0; i + 1 < to.size(); ++i) {
    program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<std::uint32_t>(i)});
    program.push_back(statement(BPF_RET | BPF_K, static_cast<std::uint32_t>(to[i])));
  }
  program.push_back(statement(BPF_RET | BPF_K, static_cast<std::uint32_t>(to.back())));
  const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &whole, sizeof whole) != 0) return last_error();
  return {};
}

void unsteer(int fd) noexcept {
  const int none = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &none, sizeof none);
}

}  // namespace cluster::os
