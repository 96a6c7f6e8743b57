// SPDX-License-Identifier: BSL-1.0
#include "os/listen_socket.hpp"

#include "os/listen_access.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
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

failure describe_listener(int fd, listener& out) { return describe_socket(fd, out); }

bool was_shut_down(const listen_socket& socket) {
  int listening = 0;
  int type = 0;
  socklen_t length = sizeof type;
  if (::getsockopt(socket.fd(), SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_STREAM)
    return false;
  return ::getsockopt(socket.fd(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening == 0;
}

error_code listen_again(const listen_socket& socket, int backlog) {
  sockaddr_storage where{};
  socklen_t length = sizeof where;
  if (::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&where), &length) != 0) return last_error();
  // A port that the kernel had chosen is given back with the shutdown, and has to be asked for by its number;
  // one that was asked for is still ours, which bind calls invalid.
  const bool tcp = socket.description().kind == listener::family::tcp;
  if (tcp && ::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&where), length) != 0 && errno != EINVAL)
    return last_error();
  return ::listen(socket.fd(), backlog) == 0 ? error_code() : last_error();
}

failure adopt_listener(unique_fd fd, const listener& description, bool own_file, listen_socket& out) {
  int listening = 0;
  socklen_t length = sizeof listening;
  listener actual;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 || listening == 0)
    return {make_error_code(error::protocol_error), description.uri + ": not a listening socket"};
  if (failure failed = describe_socket(fd.get(), actual)) return failed;
  actual.name = description.name;
  actual.tls = description.tls;
  actual.proxy = description.proxy;
  actual.number = description.number;
  actual.inherited = description.inherited;
  // A Unix socket may have been bound by another spelling of its path.
  if (actual.kind == listener::family::unix_socket) actual.uri = description.uri;
  const std::string path = actual.uri.substr(std::min(actual.uri.find(':') + 1, actual.uri.size()));
  out = listen_socket_access::make(std::move(fd), std::move(actual));
  struct stat file {};
  if (!own_file || out.description().kind != listener::family::unix_socket ||
      ::lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode))
    return {};
  const auto slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  unique_fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory)
    listen_socket_access::own_file(out, std::move(directory), path.substr(slash == path.npos ? 0 : slash + 1),
                                   file.st_dev, file.st_ino);
  return {};
}

failure open_listeners(const listen_address& address, const listen_settings& defaults,
                       std::vector<listen_socket>& out) {
  listen_settings settings = defaults;
  settings.backlog = address.backlog.value_or(defaults.backlog);
  settings.unix_mode = address.mode.value_or(defaults.unix_mode);
  settings.defer_accept = address.defer_accept;
  settings.fast_open = address.fast_open;
  settings.keep_alive = address.keep_alive;
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
  return failed ? failed : append_opened(address, std::move(opened), out);
}

failure append_opened(const listen_address& address, std::vector<listen_socket>&& opened,
                      std::vector<listen_socket>& out) {
  const bool own_name = !address.name.empty() && address.what != listen_address::kind::service_manager;
  for (std::size_t i = 0; own_name && i < opened.size(); ++i)
    opened[i].set_name(address.name + (i == 0 ? "" : "-" + std::to_string(i)));
  for (const listen_socket& fresh : opened)
    for (const listen_socket& other : out)
      if (own_name && fresh.description().name == other.description().name)
        return {make_error_code(error::bind_failed), "two listeners are named '" + address.name + "'"};
  const bool inherited = address.what == listen_address::kind::inherited ||
                         address.what == listen_address::kind::service_manager;
  for (listen_socket& socket : opened) {
    socket.set_manners(address.tls, address.proxy);
    if (inherited) listen_socket_access::set_inherited(socket);
    out.push_back(std::move(socket));
  }
  return {};
}

}  // namespace cluster::os
