// SPDX-License-Identifier: BSL-1.0
#include "http/open_below.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cluster::http {
namespace {

// As the kernel defines them; its header may be older than the kernel.
struct open_how_block {
  std::uint64_t flags;
  std::uint64_t mode;
  std::uint64_t resolve;
};
constexpr std::uint64_t resolve_no_magiclinks = 0x02;
constexpr std::uint64_t resolve_beneath = 0x08;
constexpr long openat2_number = 437;

}  // namespace

int open_below_by_steps(int folder, const std::string& path, int flags) noexcept {
  int at = folder;
  for (std::size_t from = 0;;) {
    const std::size_t slash = path.find('/', from);
    const bool last = slash == std::string::npos;
    // A name is a piece of the path, and a C string has to end: file names are 255 octets at most.
    char name[256];
    const std::size_t size = (last ? path.size() : slash) - from;
    if (size == 0 || size >= sizeof name || path.compare(from, size, "..") == 0) {
      if (at != folder) ::close(at);
      errno = ENOENT;
      return -1;
    }
    path.copy(name, size, from);
    name[size] = '\0';
    const int next = ::openat(at, name, (last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC) | O_NOFOLLOW);
    const int why = errno;
    if (at != folder) ::close(at);
    errno = why;
    if (next < 0 || last) return next;
    at = next;
    from = slash + 1;
  }
}

int open_below(int folder, const std::string& path, int flags) noexcept {
  static std::atomic<bool> by_steps{false};
  if (!by_steps) {
    open_how_block how{static_cast<std::uint64_t>(flags), 0, resolve_beneath | resolve_no_magiclinks};
    for (int attempt = 0; attempt < 3; ++attempt) {
      const long fd = ::syscall(openat2_number, folder, path.c_str(), &how, sizeof how);
      if (fd >= 0) return static_cast<int>(fd);
      if (errno != EAGAIN) break;  // something was renamed on the way
    }
    // Refused outright, by an old kernel or a filter of system calls: then never again.
    if (errno != ENOSYS && errno != EPERM) return -1;
    by_steps = true;
  }
  return open_below_by_steps(folder, path, flags);
}

}  // namespace cluster::http
