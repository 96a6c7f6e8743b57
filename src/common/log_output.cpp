// SPDX-License-Identifier: BSL-1.0
#include "common/log_output.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string>
#include <utility>

namespace cluster {
namespace {

class log_output {
 public:
  void write(std::string_view line) {
    const std::lock_guard lock(mutex_);
    look_where_it_goes();
    if (!kept_.empty()) kept_.erase(0, send(kept_));
    if (kept_.empty() && dropped_ != 0) {
      kept_ = "(" + std::to_string(std::exchange(dropped_, 0)) +
              " lines were dropped here: there was no room for them)\n";
      kept_.erase(0, send(kept_));
    }
    if (kept_.empty()) line.remove_prefix(send(line));
    if (line.empty()) return;
    // Once one is missing the others are as well, until it is said: order is kept.
    if (dropped_ != 0 || kept_.size() + line.size() > kept_log) ++dropped_;
    else kept_ += line;
  }

 private:
  enum class kind { plain, socket, own, polled };

  // Somebody may have put another file in its place since.
  void look_where_it_goes() {
    struct stat now {};
    if (::fstat(STDERR_FILENO, &now) != 0) now = {};
    if (known_ && now.st_dev == device_ && now.st_ino == inode_) return;
    if (own_ >= 0) ::close(std::exchange(own_, -1));
    known_ = true;
    device_ = now.st_dev;
    inode_ = now.st_ino;
    kind_ = kind::plain;
    if (S_ISSOCK(now.st_mode)) kind_ = kind::socket;
    if (!S_ISFIFO(now.st_mode) && !S_ISCHR(now.st_mode)) return;
    const int as_it_is = std::max(::fcntl(STDERR_FILENO, F_GETFL), 0) & O_DIRECT;
    own_ = ::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | as_it_is);
    kind_ = own_ >= 0 ? kind::own : kind::polled;
  }

  ssize_t try_once(std::string_view text) const {
    switch (kind_) {
      case kind::plain: return ::write(STDERR_FILENO, text.data(), text.size());
      case kind::socket: return ::send(STDERR_FILENO, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      case kind::own: return ::write(own_, text.data(), text.size());
      case kind::polled: {
        // A pipe that is ready has room for this much.
        pollfd one{STDERR_FILENO, POLLOUT, 0};
        if (::poll(&one, 1, 0) == 1 && (one.revents & POLLOUT) != 0)
          return ::write(STDERR_FILENO, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
        errno = EAGAIN;
        return -1;
      }
    }
    return -1;
  }

  // How much was taken. Nobody there to read counts as taken: there is nobody to miss it. A disk that is full
  // may have room again.
  std::size_t send(std::string_view text) const {
    std::size_t taken = 0;
    while (taken < text.size()) {
      const ssize_t written = try_once(text.substr(taken));
      if (written >= 0) taken += static_cast<std::size_t>(written);
      else if (errno == EAGAIN || errno == ENOSPC || errno == EDQUOT) return taken;
      else if (errno != EINTR) return text.size();
    }
    return taken;
  }

  std::mutex mutex_;
  bool known_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  kind kind_ = kind::plain;
  int own_ = -1;
  std::string kept_;
  std::uint64_t dropped_ = 0;
};

}  // namespace

bool stderr_is_journal() noexcept {
  const char* const named = std::getenv("JOURNAL_STREAM");
  if (named == nullptr) return false;
  char* end = nullptr;
  const unsigned long long device = std::strtoull(named, &end, 10);
  if (*end != ':') return false;
  const unsigned long long inode = std::strtoull(end + 1, &end, 10);
  struct stat now {};
  return *end == '\0' && ::fstat(STDERR_FILENO, &now) == 0 && now.st_dev == device && now.st_ino == inode;
}

void write_to_stderr(std::string_view line) noexcept {
  // Never destroyed: other threads may still have something to say at the very end.
  alignas(log_output) static std::byte room[sizeof(log_output)];
  static log_output& output = *new (room) log_output;
  const int before = errno;
  try {
    output.write(line);
  } catch (...) {
    // No memory to keep it: the line is what can be given up.
  }
  errno = before;
}

}  // namespace cluster
