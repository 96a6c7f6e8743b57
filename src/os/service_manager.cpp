// SPDX-License-Identifier: BSL-1.0
#include "os/service_manager.hpp"

#include "common/text.hpp"
#include "os/environment.hpp"
#include "os/unique_fd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace cluster::os {

service_manager::service_manager() {
  const std::string_view where = environment("NOTIFY_SOCKET");
  if (where.size() < 2 || where.size() >= sizeof(sockaddr_un::sun_path) ||
      (where[0] != '/' && where[0] != '@'))
    return;
  address_ = where;
  const auto started = parse_number(environment("SYSTEMD_EXEC_PID"));
  const auto room = parse_number(environment("FDSTORE"));
  if (room && (!started || *started == static_cast<std::uint64_t>(::getpid())))
    store_size_ = static_cast<std::size_t>(std::min<std::uint64_t>(*room, 65536));
  const auto watched = parse_number(environment("WATCHDOG_PID"));
  if (watched && *watched != static_cast<std::uint64_t>(::getpid())) return;
  constexpr std::uint64_t most = 3'600'000'000ULL * 24;
  const auto often = parse_number(environment("WATCHDOG_USEC"));
  if (often && *often != 0 && *often <= most)
    watchdog_ = std::chrono::microseconds(static_cast<std::int64_t>(*often));
}

// Without a descriptor (`along` < 0) it never waits.
error_code service_manager::send(std::string_view assignments, int along) const noexcept {
  const int manner = along < 0 ? SOCK_NONBLOCK : 0;
  const unique_fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | manner, 0));
  if (!socket) return last_error();
  const timeval second{1, 0};
  if (along >= 0) ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
  iovec part{const_cast<char*>(assignments.data()), assignments.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_name = &to;
  header.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (along >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* entry = CMSG_FIRSTHDR(&header);
    entry->cmsg_level = SOL_SOCKET;
    entry->cmsg_type = SCM_RIGHTS;
    entry->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(entry), &along, sizeof along);
  }
  return ::sendmsg(socket.get(), &header, MSG_NOSIGNAL) < 0 ? last_error() : error_code();
}

void service_manager::tell(std::string_view assignments) const noexcept {
  if (listens()) static_cast<void>(send(assignments, -1));
}

error_code service_manager::store(int fd, std::string_view name) const noexcept {
  if (!listens()) return {};
  // Whether somebody has hung up says nothing about a listening socket.
  return send("FDSTORE=1\nFDPOLL=0\nFDNAME=" + std::string(name), fd);
}

void service_manager::forget(std::string_view name) const noexcept {
  tell("FDSTOREREMOVE=1\nFDNAME=" + std::string(name));
}

// It closes the descriptor that comes along when it has come so far; so does one that knows no barriers.
bool service_manager::wait_until_done() const noexcept {
  if (!listens()) return true;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  const unique_fd ours(ends[0]);
  unique_fd theirs(ends[1]);
  if (send("BARRIER=1", theirs.get())) return false;
  theirs.reset();
  pollfd closed{ours.get(), 0, 0};
  return ::poll(&closed, 1, 2000) == 1;
}

}  // namespace cluster::os
