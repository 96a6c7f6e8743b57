// SPDX-License-Identifier: BSL-1.0
#include "os/notify_socket.hpp"

#include "os/message_socket.hpp"

#include <boost/asio/error.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace cluster::os {
namespace {

constexpr std::size_t longest = 4096;

failure failed(const std::string& address) {
  const error_code ec = last_error();
  return {ec, "notification socket " + address + ": " + ec.message()};
}

/// Takes what came beside the text.
bool read_sender(msghdr& header, notice& out) {
  bool known = false;
  for (cmsghdr* entry = CMSG_FIRSTHDR(&header); entry != nullptr; entry = CMSG_NXTHDR(&header, entry)) {
    if (entry->cmsg_level != SOL_SOCKET) continue;
    if (entry->cmsg_type == SCM_CREDENTIALS && entry->cmsg_len == CMSG_LEN(sizeof(ucred))) {
      ucred who{};
      std::memcpy(&who, CMSG_DATA(entry), sizeof who);
      out.pid = who.pid;
      out.user = who.uid;
      known = true;
    } else if (entry->cmsg_type == SCM_RIGHTS) {
      for (std::size_t at = CMSG_LEN(0); at + sizeof(int) <= entry->cmsg_len; at += sizeof(int)) {
        int fd = -1;
        std::memcpy(&fd, reinterpret_cast<const char*>(entry) + at, sizeof fd);
        unique_fd{fd}.reset();
      }
    }
  }
  return known;
}

}  // namespace

failure notify_socket::open(const std::string& path, bool others) {
  close();
  unique_fd fresh(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!fresh || ::setsockopt(fresh.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) return failed(path);
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (path.size() >= sizeof where.sun_path)
    return {make_error_code(error::invalid_address),
            "notification socket " + path + ": the path is too long"};
  std::memcpy(where.sun_path, path.data(), path.size());
  // Without a path the kernel finds an address that nobody else has.
  const auto length =
      path.empty() ? sizeof(sa_family_t) : offsetof(sockaddr_un, sun_path) + path.size() + std::size_t{1};
  if (!path.empty()) ::unlink(path.c_str());
  if (::bind(fresh.get(), reinterpret_cast<const sockaddr*>(&where), static_cast<socklen_t>(length)) != 0)
    return failed(path);
  if (!path.empty() && ::chmod(path.c_str(), others ? 0666 : 0600) != 0) return failed(path);
  address_ = path;
  if (path.empty()) {
    socklen_t size = sizeof where;
    if (::getsockname(fresh.get(), reinterpret_cast<sockaddr*>(&where), &size) != 0) return failed(path);
    address_.assign(where.sun_path, size - offsetof(sockaddr_un, sun_path));
    address_.front() = '@';
  }
  fd_ = std::move(fresh);
  return {};
}

void notify_socket::close() noexcept {
  if (fd_ && address_.starts_with('/')) ::unlink(address_.c_str());
  fd_.reset();
}

error_code notify_socket::receive(notice& out) {
  std::array<char, longest> text;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int) * max_descriptors)];
  iovec part{text.data(), text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t size;
  do {
    size = ::recvmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN) return boost::asio::error::would_block;
  if (size < 0) return last_error();
  out = {};
  const bool known = read_sender(header, out);
  if (known && (header.msg_flags & MSG_TRUNC) == 0)
    out.text.assign(text.data(), static_cast<std::size_t>(size));
  return {};
}

}  // namespace cluster::os
