// SPDX-License-Identifier: BSL-1.0
#include "os/pid_file.hpp"

#include "common/text.hpp"
#include "os/rendezvous.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace cluster::os {
namespace {

bool same_file(int fd, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

std::string first_word(int fd) {
  char text[32] = {};
  const ssize_t length = ::pread(fd, text, sizeof text - 1, 0);
  std::string word(text, length > 0 ? static_cast<std::size_t>(length) : 0);
  return word.substr(0, word.find_first_not_of("0123456789"));
}

// A holder that was killed while it started a child leaves its lock with that child until it executes its
// program, some milliseconds later.
bool lock_soon(int fd) {
  constexpr int attempts = 100;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    const int why = errno;
    const auto holder = parse_number(first_word(fd));
    const bool dead = holder && !start_of_process(static_cast<pid_t>(*holder));
    errno = why;
    if (why != EWOULDBLOCK || !dead) return false;
    ::poll(nullptr, 0, 10);
  }
  errno = EWOULDBLOCK;
  return false;
}

}  // namespace

failure pid_file::acquire(const std::string& path) {
  std::error_code ignored;
  const std::string absolute = std::filesystem::absolute(path, ignored).string();
  for (int attempt = 0; attempt < 10; ++attempt) {
    unique_fd fd(::open(absolute.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd) return failed_at("pid-file", path, last_error());
    if (!lock_soon(fd.get())) {
      if (errno != EWOULDBLOCK) return failed_at("pid-file", path, last_error());
      return {make_error_code(error::owned_elsewhere),
              "pid-file: " + path + " is held by process " + first_word(fd.get())};
    }
    // The last holder may have removed the file between our open and our lock; then what we locked is
    // nobody's any more.
    if (!same_file(fd.get(), absolute)) continue;
    const std::string text = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd.get(), 0) != 0 ||
        ::pwrite(fd.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
      return failed_at("pid-file", path, last_error());
    path_ = absolute;
    fd_ = std::move(fd);
    return {};
  }
  return {make_error_code(error::owned_elsewhere), "pid-file: " + path + " keeps changing hands"};
}

pid_file::~pid_file() {
  if (fd_ && same_file(fd_.get(), path_)) ::unlink(path_.c_str());
}

}  // namespace cluster::os
