// SPDX-License-Identifier: BSL-1.0
#include "os/service_manager.hpp"

#include "common/text.hpp"
#include "os/unique_fd.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace cluster::os {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : std::string_view{};
}

}  // namespace

service_manager::service_manager() {
  const std::string_view where = variable("NOTIFY_SOCKET");
  if (where.size() < 2 || where.size() >= sizeof(sockaddr_un::sun_path) ||
      (where[0] != '/' && where[0] != '@'))
    return;
  address_ = where;
  const auto watched = parse_number(variable("WATCHDOG_PID"));
  if (watched && *watched != static_cast<std::uint64_t>(::getpid())) return;
  constexpr std::uint64_t most = 3'600'000'000ULL * 24;
  const auto often = parse_number(variable("WATCHDOG_USEC"));
  if (often && *often != 0 && *often <= most)
    watchdog_ = std::chrono::microseconds(static_cast<std::int64_t>(*often));
}

void service_manager::tell(std::string_view assignments) const noexcept {
  if (!listens()) return;
  const unique_fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  ::sendto(socket.get(), assignments.data(), assignments.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&to), length);
}

}  // namespace cluster::os
