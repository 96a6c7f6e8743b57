// SPDX-License-Identifier: BSL-1.0
#include "os/left_behind.hpp"

#include "common/text.hpp"
#include "os/listen_socket.hpp"
#include "os/rendezvous.hpp"
#include "os/text_file.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace cluster::os {
namespace {

// Linux 5.6, before the headers of many systems.
constexpr long pidfd_getfd_number = 438;

std::string environment_of(pid_t pid) {
  return read_text_file("/proc/" + std::to_string(pid) + "/environ").value_or("");
}

std::string_view value_of(std::string_view environment, std::string_view name) {
  while (!environment.empty()) {
    const std::string_view entry = environment.substr(0, environment.find('\0'));
    environment.remove_prefix(std::min(environment.size(), entry.size() + 1));
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return entry.substr(name.size() + 1);
  }
  return {};
}

bool listens(int fd) {
  int listening = 0;
  socklen_t length = sizeof listening;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening != 0;
}

}  // namespace

failure take_hold(pid_t pid, std::uint64_t start, left_behind& out) {
  unique_fd held(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!held) return {last_error(), "process " + std::to_string(pid) + ": " + last_error().message()};
  // Only now is it certain that the number stays with this process.
  if (start_of_process(pid) != start)
    return {make_error_code(error::worker_unavailable), "process " + std::to_string(pid) + " is another one"};
  const std::string environment = environment_of(pid);
  const auto count = parse_number(value_of(environment, "LISTEN_FDS")).value_or(0);
  std::string_view names = value_of(environment, "LISTEN_FDNAMES");
  for (int i = 0; i < static_cast<int>(std::min<std::uint64_t>(count, 1024)); ++i) {
    const std::string name(names.substr(0, names.find(':')));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    unique_fd copy(static_cast<int>(::syscall(pidfd_getfd_number, held.get(), STDERR_FILENO + 1 + i, 0)));
    // It may have closed it, as one that drains does, and may have opened something else there.
    if (!copy || !listens(copy.get())) continue;
    out.listeners.push_back(std::move(copy));
    out.names.push_back(name);
  }
  out.process = {pid, std::move(held)};
  return {};
}

unique_fd copy_listener(const launched_process& of, const std::string& uri) {
  std::error_code ec;
  std::filesystem::directory_iterator all("/proc/" + std::to_string(of.pid) + "/fd", ec);
  for (; !ec && all != std::filesystem::directory_iterator(); all.increment(ec)) {
    std::error_code gone;
    if (!std::filesystem::read_symlink(all->path(), gone).native().starts_with("socket:")) continue;
    const auto number = parse_number(all->path().filename().native());
    if (!number) continue;
    unique_fd copy(
        static_cast<int>(::syscall(pidfd_getfd_number, of.pidfd.get(), static_cast<unsigned>(*number), 0)));
    listener described;
    if (copy && listens(copy.get()) && !describe_listener(copy.get(), described) && described.uri == uri)
      return copy;
  }
  return {};
}

}  // namespace cluster::os
