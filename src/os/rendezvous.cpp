// SPDX-License-Identifier: BSL-1.0
#include "os/rendezvous.hpp"

#include "common/text.hpp"
#include "os/text_file.hpp"

#include <boost/asio/error.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

namespace cluster::os {
namespace {

std::string stat_of(pid_t pid) {
  return read_text_file("/proc/" + std::to_string(pid) + "/stat").value_or("");
}

constexpr int waiting_callers = 1024;

// Since Linux 6.5, and not in older headers.
constexpr int peer_pidfd_option = 77;

bool make_address(const std::string& path, sockaddr_un& out, socklen_t& length) {
  if (path.empty() || path.size() >= sizeof out.sun_path) return false;
  out = {};
  out.sun_family = AF_UNIX;
  std::memcpy(out.sun_path, path.c_str(), path.size() + 1);
  length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return true;
}

unique_fd new_socket() {
  return unique_fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// The pid of a peer may be another process's by now, unless the kernel hands out the process itself, or the
// connection is still open after we have got hold of it.
unique_fd process_behind(int socket, pid_t pid) {
  int direct = -1;
  socklen_t length = sizeof direct;
  if (::getsockopt(socket, SOL_SOCKET, peer_pidfd_option, &direct, &length) == 0) return unique_fd(direct);
  unique_fd found = hold_process(pid);
  pollfd open{socket, POLLIN, 0};
  if (found && ::poll(&open, 1, 0) >= 0 && (open.revents & (POLLHUP | POLLERR)) == 0) return found;
  return {};
}

}  // namespace

rendezvous::rendezvous(rendezvous&& other) noexcept
    : fd_(std::move(other.fd_)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

rendezvous& rendezvous::operator=(rendezvous&& other) noexcept {
  if (this == &other) return *this;
  close();
  fd_ = std::move(other.fd_);
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void rendezvous::close() noexcept {
  if (path_.empty()) return;
  struct stat now {};
  if (::stat(path_.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_)
    ::unlink(path_.c_str());
  path_.clear();
  fd_.reset();
}

failure rendezvous::open(const std::string& path, uid_t user) {
  close();
  const std::string fresh = path + "." + std::to_string(::getpid());
  sockaddr_un address{};
  socklen_t length = 0;
  if (path.size() > longest_rendezvous || !make_address(fresh, address, length))
    return failed_at("rendezvous", path, {ENAMETOOLONG, boost::system::system_category()});
  unique_fd socket = new_socket();
  if (!socket) return failed_at("rendezvous", path, last_error());
  ::fchmod(socket.get(), 0600);  // what bind gives the file, so it is never open to others
  ::unlink(fresh.c_str());       // of a process that had our pid before us
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0)
    return failed_at("rendezvous", path, last_error());
  struct stat made {};
  const bool given =
      user == static_cast<uid_t>(-1) || ::chown(fresh.c_str(), user, static_cast<gid_t>(-1)) == 0;
  if (!given || ::listen(socket.get(), waiting_callers) != 0 || ::stat(fresh.c_str(), &made) != 0 ||
      ::rename(fresh.c_str(), path.c_str()) != 0) {
    const error_code ec = last_error();
    ::unlink(fresh.c_str());
    return failed_at("rendezvous", path, ec);
  }
  fd_ = std::move(socket);
  path_ = path;
  device_ = made.st_dev;
  inode_ = made.st_ino;
  return {};
}

error_code rendezvous::accept(caller& out) {
  for (;;) {
    unique_fd socket(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return errno == EAGAIN ? error_code(boost::asio::error::would_block) : last_error();
    }
    ucred who{};
    socklen_t length = sizeof who;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &who, &length) != 0) continue;
    unique_fd process = process_behind(socket.get(), who.pid);
    if (!process) continue;
    out = {std::move(socket), std::move(process), who.pid, who.uid};
    return {};
  }
}

error_code call_home(const std::string& path, unique_fd& out) {
  sockaddr_un address{};
  socklen_t length = 0;
  if (!make_address(path, address, length)) return {ENAMETOOLONG, boost::system::system_category()};
  unique_fd socket = new_socket();
  if (!socket) return last_error();
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) return last_error();
  out = std::move(socket);
  return {};
}

unique_fd hold_process(pid_t pid) { return unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

std::optional<std::uint64_t> start_of_process(pid_t pid) {
  const std::string line = stat_of(pid);
  // "pid (name) state ppid ...": the name may hold anything; the start is the 20th field after it.
  std::size_t at = line.rfind(')');
  if (at == line.npos || at + 2 >= line.size() || line[at + 2] == 'Z' || line[at + 2] == 'X')
    return std::nullopt;
  for (int field = 0; field < 20 && at != line.npos; ++field) at = line.find(' ', at + 1);
  if (at == line.npos) return std::nullopt;
  const std::size_t end = line.find(' ', at + 1);
  return parse_number(std::string_view(line).substr(at + 1, end - at - 1));
}

bool is_stopped(pid_t pid) {
  const std::string line = stat_of(pid);
  const std::size_t at = line.rfind(')');
  return at != line.npos && at + 2 < line.size() && line[at + 2] == 'T';
}

std::chrono::milliseconds age_of_process(std::uint64_t start) {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const auto begun = std::chrono::milliseconds(static_cast<std::int64_t>(start * 1000 / ticks));
  const auto up = std::chrono::seconds(now.tv_sec) + std::chrono::milliseconds(now.tv_nsec / 1'000'000);
  return std::max<std::chrono::milliseconds>(up - begun, std::chrono::milliseconds(0));
}

}  // namespace cluster::os
