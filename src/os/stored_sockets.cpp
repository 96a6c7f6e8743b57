// SPDX-License-Identifier: BSL-1.0
#include "os/stored_sockets.hpp"

#include "common/text.hpp"
#include "os/environment.hpp"
#include "os/listen_access.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace cluster::os {
namespace {

constexpr std::string_view prefix = "cluster-listen.";
constexpr std::size_t longest_name = 255;
constexpr std::size_t most_passed = 1024;
constexpr std::size_t most_for_one = 64;

// Names in LISTEN_FDNAMES have neither colons nor control characters.
void append_escaped(std::string& name, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char each : text) {
    const auto octet = static_cast<unsigned char>(each);
    if (octet > ' ' && octet < 0x7f && each != ':' && each != '%') {
      name += each;
      continue;
    }
    name += '%';
    name += digits[octet >> 4U];
    name += digits[octet & 15U];
  }
}

// Passed on through exec, so it is not closed there; what this process has opened itself is. After an exec of
// its own the variables are still there, and their numbers are somebody else's.
bool was_passed(int fd) {
  const int flags = ::fcntl(fd, F_GETFD);
  return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

// Without its file nobody can come to a Unix socket any more.
bool can_be_reached(const listen_address& at) {
  struct stat file {};
  return at.what != listen_address::kind::unix_socket ||
         (::lstat(at.path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode));
}

}  // namespace

std::string store_name(std::string_view listen, std::size_t which, std::size_t count) {
  std::string name(prefix);
  name += std::to_string(which + 1) + "-" + std::to_string(count) + ".";
  append_escaped(name, listen);
  return name.size() <= longest_name ? name : std::string();
}

bool is_store_name(std::string_view name) { return name.starts_with(prefix); }

stored_sockets stored_sockets::passed() {
  stored_sockets found;
  const auto pid = parse_number(environment("LISTEN_PID"));
  const auto count = parse_number(environment("LISTEN_FDS"));
  if (!pid || *pid != static_cast<std::uint64_t>(::getpid()) || !count || *count > most_passed) return found;
  std::string_view names = environment("LISTEN_FDNAMES");
  for (int i = 0; i < static_cast<int>(*count); ++i) {
    const std::string name(names.substr(0, names.find(':')));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    const int fd = 3 + i;
    if (!is_store_name(name) || !was_passed(fd)) continue;
    std::vector<listen_socket> one;
    if (adopt_passed(fd, name, {}, {}, one)) continue;
    found.sockets_.emplace_back(name, std::move(one.front()));
  }
  return found;
}

bool stored_sockets::take(std::string_view listen, const listen_address& address, int backlog,
                          std::vector<listen_socket>& out) {
  const auto at = [this](const std::string& name) {
    return std::ranges::find(sockets_, name, &std::pair<std::string, listen_socket>::first);
  };
  if (!can_be_reached(address)) return false;
  // How many there were is part of their names.
  std::size_t count = 1;
  while (count <= most_for_one && at(store_name(listen, 0, count)) == sockets_.end()) ++count;
  for (std::size_t which = 0; which < count; ++which)
    if (count > most_for_one || at(store_name(listen, which, count)) == sockets_.end()) return false;
  std::vector<listen_socket> taken;
  for (std::size_t which = 0; which < count; ++which) {
    const auto found = at(store_name(listen, which, count));
    listen_socket& one = taken.emplace_back(std::move(found->second));
    sockets_.erase(found);
    one.set_name({});
    if (address.what == listen_address::kind::unix_socket)
      listen_socket_access::set_uri(one, "unix:" + address.path);
    ::listen(one.fd(), address.backlog.value_or(backlog));
  }
  return !append_opened(address, std::move(taken), out);
}

std::vector<std::string> stored_sockets::drop_rest() {
  std::vector<std::string> names;
  for (const auto& [name, socket] : sockets_)
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  sockets_.clear();
  return names;
}

}  // namespace cluster::os
