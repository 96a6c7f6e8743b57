// SPDX-License-Identifier: BSL-1.0
#include "os/message_socket.hpp"

#include <boost/asio/error.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>

namespace cluster::os {
namespace {

constexpr std::size_t control_size = CMSG_SPACE(sizeof(int) * max_descriptors);

void take_descriptors(msghdr& header, std::vector<unique_fd>& out) {
  for (cmsghdr* entry = CMSG_FIRSTHDR(&header); entry != nullptr; entry = CMSG_NXTHDR(&header, entry)) {
    if (entry->cmsg_level != SOL_SOCKET || entry->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (entry->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(entry) + i * sizeof(int), sizeof fd);
      out.emplace_back(fd);
    }
  }
}

}  // namespace

error_code make_message_pair(unique_fd& one, unique_fd& other) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) return last_error();
  one.reset(ends[0]);
  other.reset(ends[1]);
  return {};
}

error_code make_stream_pair(unique_fd& one, unique_fd& other) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return last_error();
  one.reset(ends[0]);
  other.reset(ends[1]);
  return ::fcntl(one.get(), F_SETFL, O_NONBLOCK) == 0 ? error_code() : last_error();
}

error_code send_message(int socket, std::span<const std::byte> data, std::span<const int> descriptors) {
  if (descriptors.size() > max_descriptors) return make_error_code(error::message_too_large);
  alignas(cmsghdr) char control[control_size];
  iovec part{const_cast<std::byte*>(data.data()), data.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    std::memset(control, 0, header.msg_controllen);
    cmsghdr* entry = CMSG_FIRSTHDR(&header);
    entry->cmsg_level = SOL_SOCKET;
    entry->cmsg_type = SCM_RIGHTS;
    entry->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(entry), descriptors.data(), descriptors.size_bytes());
  }
  ssize_t sent;
  do {
    sent = ::sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {};
  switch (errno) {
    case EAGAIN: return boost::asio::error::would_block;
    case ENOMEM:
    case ENOBUFS:
    case ETOOMANYREFS: return boost::asio::error::no_buffer_space;
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN: return make_error_code(error::channel_closed);
    case EMSGSIZE: return make_error_code(error::message_too_large);
    default: return last_error();
  }
}

error_code receive_message(int socket, std::span<std::byte> buffer, received_message& out) {
  alignas(cmsghdr) char control[control_size];
  out = {};
  iovec part{buffer.data(), buffer.size()};
  for (;;) {
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0 && (errno == EINTR || errno == ECONNRESET)) continue;
    if (size < 0) {
      if (errno == EAGAIN) return boost::asio::error::would_block;
      return last_error();
    }
    take_descriptors(header, out.descriptors);
    // Nobody sends empty messages here, so zero bytes mean the end.
    if (size == 0) return make_error_code(error::channel_closed);
    out.size = static_cast<std::size_t>(size);
    out.truncated = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    return {};
  }
}

bool is_message_socket(int fd) {
  int domain = 0;
  int type = 0;
  socklen_t length = sizeof domain;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX &&
         ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET;
}

}  // namespace cluster::os
