// SPDX-License-Identifier: BSL-1.0
#include "common/text.hpp"
#include "os/environment.hpp"
#include "os/listen_access.hpp"
#include "os/stored_sockets.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>

namespace cluster::os {
namespace {

failure refuse(const std::string& what, std::string_view why) {
  return {make_error_code(error::bind_failed), "cannot listen on " + what + ": " + std::string(why)};
}

std::string_view next_name(std::string_view& names) {
  const auto colon = names.find(':');
  const std::string_view name = names.substr(0, colon);
  names = colon == names.npos ? std::string_view() : names.substr(colon + 1);
  return name;
}

}  // namespace

// Checked before it is believed.
failure adopt_passed(int fd, const std::string& what, std::string name,
                     const std::vector<listen_socket>& held, std::vector<listen_socket>& out) {
  for (const listen_socket& other : held)
    if (other.fd() == fd) return refuse(what, "descriptor " + std::to_string(fd) + " is named twice");
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return refuse(what, "descriptor " + std::to_string(fd) + " is not open");
  int listening = 0;
  int type = 0;
  socklen_t length = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0)
    return refuse(what, "descriptor " + std::to_string(fd) + " is not a socket");
  length = sizeof listening;
  if (type != SOCK_STREAM || ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 ||
      listening == 0)
    return refuse(what, "descriptor " + std::to_string(fd) + " is not a listening stream socket");
  listener description;
  if (failure failed = describe_socket(fd, description)) return refuse(what, failed.detail);
  // From here on the descriptor is ours: children must not inherit it, and accept must not block.
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
    return refuse(what, last_error().message());
  description.name = std::move(name);
  out.push_back(listen_socket_access::make(unique_fd(fd), std::move(description)));
  return {};
}

failure open_inherited(const listen_address& address, const std::vector<listen_socket>& held,
                       std::vector<listen_socket>& out) {
  return adopt_passed(address.fd, "fd:" + std::to_string(address.fd), {}, held, out);
}

// sd_listen_fds(3): descriptors from 3 on, meant for the process that LISTEN_PID names.
failure open_from_service_manager(const listen_address& address, const std::vector<listen_socket>& held,
                                  std::vector<listen_socket>& out) {
  const std::string what = "systemd:" + address.name;
  const auto pid = parse_number(environment("LISTEN_PID"));
  const auto count = parse_number(environment("LISTEN_FDS"));
  if (!pid || !count || *count == 0)
    return refuse(what, "no sockets were passed (LISTEN_PID and LISTEN_FDS are not set)");
  if (*pid != static_cast<std::uint64_t>(::getpid()))
    return refuse(what, "the sockets in LISTEN_FDS are meant for process " + std::to_string(*pid));
  if (*count > 1024) return refuse(what, "LISTEN_FDS is too large");
  std::string_view names = environment("LISTEN_FDNAMES");
  for (std::uint64_t i = 0; i < *count; ++i) {
    const std::string name(next_name(names));
    // What this cluster has put into the manager's store is taken back for the addresses it was opened for.
    if (is_store_name(name) || (!address.name.empty() && name != address.name)) continue;
    if (failure failed = adopt_passed(3 + static_cast<int>(i), what, name, held, out)) {
      out.clear();
      return failed;
    }
  }
  if (out.empty()) return refuse(what, "none of the passed sockets has that name");
  return {};
}

}  // namespace cluster::os
