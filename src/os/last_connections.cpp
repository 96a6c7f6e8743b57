// SPDX-License-Identifier: BSL-1.0
#include "os/last_connections.hpp"

#include <linux/filter.h>
#include <sys/socket.h>

#include <array>

namespace cluster::os {
namespace {

bool is_tcp(int fd) {
  int domain = 0;
  int type = 0;
  socklen_t length = sizeof domain;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
         ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
         (domain == AF_INET || domain == AF_INET6) && type == SOCK_STREAM;
}

}  // namespace

// A socket's filter sees a segment from its TCP header on; the flags are its octet 13. Handshakes that have
// begun go on: only a SYN without an ACK is dropped.
error_code begin_no_more(int fd) {
  if (!is_tcp(fd)) return {};
  constexpr std::uint32_t syn = 0x02;
  constexpr std::uint32_t ack = 0x10;
  std::array<sock_filter, 5> program{{{BPF_LD | BPF_B | BPF_ABS, 0, 0, 13},
                                      {BPF_ALU | BPF_AND | BPF_K, 0, 0, syn | ack},
                                      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, syn},
                                      {BPF_RET | BPF_K, 0, 0, 0},
                                      {BPF_RET | BPF_K, 0, 0, 0xFFFF'FFFF}}};
  const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &whole, sizeof whole) == 0 ? error_code()
                                                                                   : last_error();
}

}  // namespace cluster::os
