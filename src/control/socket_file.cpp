// SPDX-License-Identifier: BSL-1.0
#include "control/socket_file.hpp"

#include <cluster/error.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace cluster::control {
namespace {

error_code last_error() { return {errno, boost::system::system_category()}; }

class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

struct address {
  sockaddr_un name{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
};

// Through the folder's descriptor, so that a path longer than sun_path is one too.
bool make_address(int folder, const std::string& file, address& out) {
  const std::string text = "/proc/self/fd/" + std::to_string(folder) + "/" + file;
  if (text.size() >= sizeof out.name.sun_path) return false;
  out.name.sun_family = AF_UNIX;
  std::memcpy(out.name.sun_path, text.c_str(), text.size() + 1);
  out.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + text.size() + 1);
  return true;
}

// Orders supervisors that find the same stale file at once; the holder only binds and goes.
bool lock(int folder) {
  for (int attempt = 0; attempt < 200; ++attempt) {
    if (::flock(folder, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    ::poll(nullptr, 0, 10);
  }
  return false;
}

}  // namespace

error_code socket_file::open(const std::string& path, std::string& detail) {
  const auto refuse = [&](const error_code& ec, const std::string& why) {
    detail = "control: cannot listen on " + path + ": " + (why.empty() ? ec.message() : why);
    return ec;
  };
  const auto slash = path.rfind('/');
  const std::string folder_name = slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const std::string file = slash == path.npos ? path : path.substr(slash + 1);
  if (file.empty()) return refuse(make_error_code(error::invalid_options), "the path names a folder");
  const descriptor folder(::open(folder_name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return refuse(last_error(), {});
  if (!lock(folder.get())) return refuse(make_error_code(error::timed_out), "its folder stays locked");

  address final_name;
  address passing_name;
  const std::string passing = "." + std::to_string(::getpid()) + "~";
  if (!make_address(folder.get(), file, final_name) || !make_address(folder.get(), passing, passing_name))
    return refuse({ENAMETOOLONG, boost::system::system_category()}, {});

  struct stat there {};
  if (::fstatat(folder.get(), file.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0) {
    if (!S_ISSOCK(there.st_mode))
      return refuse({EEXIST, boost::system::system_category()}, "a file that is not a socket is in the way");
    const descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!probe) return refuse(last_error(), {});
    if (::connect(probe.get(), final_name.get(), final_name.length) == 0 || errno != ECONNREFUSED) {
      unsigned uid = 0;
      int pid = 0;
      std::string owner = "another cluster is served there";
      if (peer_of(probe.get(), uid, pid) && pid > 0) owner += ", by process " + std::to_string(pid);
      return refuse(make_error_code(error::owned_elsewhere), owner);
    }
  }
  descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return refuse(last_error(), {});
  // The mode of the descriptor is what bind gives the file: it is never wider, not even for a moment.
  ::fchmod(fd.get(), 0600);
  ::unlinkat(folder.get(), passing.c_str(), 0);
  if (::bind(fd.get(), passing_name.get(), passing_name.length) != 0) return refuse(last_error(), {});
  struct stat made {};
  if (::fchmodat(folder.get(), passing.c_str(), 0600, 0) != 0 || ::listen(fd.get(), 64) != 0 ||
      ::fstatat(folder.get(), passing.c_str(), &made, AT_SYMLINK_NOFOLLOW) != 0 ||
      ::renameat(folder.get(), passing.c_str(), folder.get(), file.c_str()) != 0) {
    const error_code ec = last_error();
    ::unlinkat(folder.get(), passing.c_str(), 0);
    return refuse(ec, {});
  }
  path_ = path;
  device_ = made.st_dev;
  inode_ = made.st_ino;
  fd_ = fd.release();
  return {};
}

void socket_file::remove() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  if (path_.empty()) return;
  struct stat now {};
  if (::lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_)
    ::unlink(path_.c_str());
  path_.clear();
}

int socket_file::release() noexcept { return std::exchange(fd_, -1); }

error_code make_private_folder(const std::string& path, std::string& detail) {
  const auto refuse = [&](const error_code& ec, const char* why) {
    detail = "control: cannot use the folder " + path + ": " + (why == nullptr ? ec.message() : why);
    return ec;
  };
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return refuse(last_error(), nullptr);
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return refuse(last_error(), nullptr);
  const error_code denied{EACCES, boost::system::system_category()};
  if (!S_ISDIR(found.st_mode)) return refuse(denied, "it is not a folder");
  if (found.st_uid != ::geteuid()) return refuse(denied, "it belongs to another user");
  if ((found.st_mode & 022) != 0) return refuse(denied, "other users may write there");
  return {};
}

bool peer_of(int socket, unsigned& uid, int& pid) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return false;
  uid = who.uid;
  pid = who.pid;
  return true;
}

bool trusted(unsigned uid) { return uid == 0 || uid == ::geteuid(); }

}  // namespace cluster::control
