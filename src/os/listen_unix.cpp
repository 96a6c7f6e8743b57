// SPDX-License-Identifier: BSL-1.0
#include "os/listen_access.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace cluster::os {
namespace {

struct place {
  unique_fd directory;
  std::string file_name;
  sockaddr_un address{};
  socklen_t length = 0;
};

failure refuse(const std::string& path, const error_code& ec, std::string_view why = {}) {
  return {ec, "cannot listen on unix:" + path + ": " + (why.empty() ? ec.message() : std::string(why))};
}

// Paths longer than sun_path go through the directory's descriptor.
failure locate(const std::string& path, place& out) {
  const auto slash = path.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  out.file_name = slash == std::string::npos ? path : path.substr(slash + 1);
  out.directory.reset(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!out.directory) return refuse(path, last_error());
  std::string text = path;
  if (text.size() >= sizeof out.address.sun_path)
    text = "/proc/self/fd/" + std::to_string(out.directory.get()) + "/" + out.file_name;
  if (text.size() >= sizeof out.address.sun_path)
    return refuse(path, {ENAMETOOLONG, boost::system::system_category()});
  out.address.sun_family = AF_UNIX;
  std::memcpy(out.address.sun_path, text.c_str(), text.size() + 1);
  out.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + text.size() + 1);
  return {};
}

// Removes a socket file that nobody listens on (left by a kill -9). Anything else in the way stays.
failure clear_stale(const std::string& path, const place& where) {
  struct stat found {};
  if (::fstatat(where.directory.get(), where.file_name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? failure{} : refuse(path, last_error());
  const error_code in_use{EADDRINUSE, boost::system::system_category()};
  if (!S_ISSOCK(found.st_mode)) return refuse(path, in_use, "a file that is not a socket is in the way");
  const unique_fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe) return refuse(path, last_error());
  const auto* address = reinterpret_cast<const sockaddr*>(&where.address);
  if (::connect(probe.get(), address, where.length) == 0 || errno != ECONNREFUSED)
    return refuse(path, in_use, "another program listens there");
  if (::unlinkat(where.directory.get(), where.file_name.c_str(), 0) != 0 && errno != ENOENT)
    return refuse(path, last_error());
  return {};
}

// The holder only binds and goes; whoever holds it longer must not hold us for ever.
bool lock_within_two_seconds(int fd) {
  for (int attempt = 0; attempt < 200; ++attempt) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    ::poll(nullptr, 0, 10);
  }
  errno = EWOULDBLOCK;
  return false;
}

}  // namespace

failure open_unix(const listen_address& address, const listen_settings& settings,
                  std::vector<listen_socket>& out) {
  place where;
  if (failure failed = locate(address.path, where)) return failed;
  // Two supervisors that find the same stale file at once must not both remove it: the second would
  // remove the first one's fresh socket. The lock on the directory orders them; it ends with the scope.
  const unique_fd lock(::openat(where.directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock || !lock_within_two_seconds(lock.get())) return refuse(address.path, last_error());
  if (failure failed = clear_stale(address.path, where)) return failed;

  unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return refuse(address.path, last_error());
  // The mode on the descriptor is what bind gives the file (less the umask), so it is never wider than
  // asked, not even for a moment; the second call then makes it exact.
  ::fchmod(fd.get(), settings.unix_mode);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&where.address), where.length) != 0)
    return refuse(address.path, last_error());
  struct stat made {};
  if (::fchmodat(where.directory.get(), where.file_name.c_str(), settings.unix_mode, 0) != 0 ||
      ::listen(fd.get(), settings.backlog) != 0 ||
      ::fstatat(where.directory.get(), where.file_name.c_str(), &made, AT_SYMLINK_NOFOLLOW) != 0) {
    const error_code ec = last_error();
    ::unlinkat(where.directory.get(), where.file_name.c_str(), 0);
    return refuse(address.path, ec);
  }
  listener description;
  description.kind = listener::family::unix_socket;
  description.uri = "unix:" + address.path;
  listen_socket socket = listen_socket_access::make(std::move(fd), std::move(description));
  listen_socket_access::own_file(socket, std::move(where.directory), std::move(where.file_name), made.st_dev,
                                 made.st_ino);
  out.push_back(std::move(socket));
  return {};
}

}  // namespace cluster::os
