// SPDX-License-Identifier: BSL-1.0
#include "os/listen_socket.hpp"

#include "os/listen_access.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

namespace cluster::os {

listen_socket& listen_socket::operator=(listen_socket&& other) noexcept {
  if (this == &other) return *this;
  remove_file();
  fd_ = std::move(other.fd_);
  description_ = std::move(other.description_);
  directory_ = std::move(other.directory_);
  file_name_ = std::move(other.file_name_);
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void listen_socket::remove_file() noexcept {
  if (!directory_) return;
  struct stat now {};
  // Somebody may have put another socket there in the meantime; that one is theirs.
  if (::fstatat(directory_.get(), file_name_.c_str(), &now, AT_SYMLINK_NOFOLLOW) == 0 &&
      now.st_dev == device_ && now.st_ino == inode_)
    ::unlinkat(directory_.get(), file_name_.c_str(), 0);
  directory_.reset();
}

failure describe_socket(int fd, listener& out) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0)
    return {last_error(), "not a socket"};
  char text[INET6_ADDRSTRLEN] = {};
  out.native_handle = fd;
  switch (storage.ss_family) {
    case AF_INET: {
      const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
      ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
      out.port = ntohs(v4.sin_port);
      out.uri = "tcp://" + std::string(text) + ":" + std::to_string(out.port);
      out.kind = listener::family::tcp;
      return {};
    }
    case AF_INET6: {
      const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
      ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
      out.port = ntohs(v6.sin6_port);
      out.uri = "tcp://[" + std::string(text) + "]:" + std::to_string(out.port);
      out.kind = listener::family::tcp;
      return {};
    }
    case AF_UNIX: {
      const auto& local = reinterpret_cast<const sockaddr_un&>(storage);
      const std::size_t room = length - offsetof(sockaddr_un, sun_path);
      out.uri = "unix:" + std::string(local.sun_path, ::strnlen(local.sun_path, room));
      out.kind = listener::family::unix_socket;
      return {};
    }
    default: return {make_error_code(error::bind_failed), "neither a TCP nor a Unix socket"};
  }
}

failure open_listeners(const listen_address& address, const listen_settings& settings,
                       std::vector<listen_socket>& out) {
  std::vector<listen_socket> opened;
  failure failed;
  switch (address.what) {
    case listen_address::kind::tcp: failed = open_tcp(address, settings, opened); break;
    case listen_address::kind::unix_socket: failed = open_unix(address, settings, opened); break;
    case listen_address::kind::inherited: failed = open_inherited(address, out, opened); break;
    case listen_address::kind::service_manager:
      failed = open_from_service_manager(address, out, opened);
      break;
  }
  if (failed) return failed;
  for (listen_socket& socket : opened) out.push_back(std::move(socket));
  return {};
}

}  // namespace cluster::os
