// SPDX-License-Identifier: BSL-1.0
#include "os/text_file.hpp"

#include "os/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace cluster::os {

std::optional<std::string> read_text_file(const std::string& path, std::size_t limit) {
  const unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return std::nullopt;
  std::string text;
  // Files of /proc have no size; most give all of themselves to the first read.
  for (std::size_t length = 0;;) {
    text.resize(length + 4096);
    const ssize_t got = ::read(file.get(), text.data() + length, text.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    length += static_cast<std::size_t>(got);
    if (length > limit) {
      errno = EFBIG;
      return std::nullopt;
    }
    if (got == 0) {
      text.resize(length);
      return text;
    }
  }
}

}  // namespace cluster::os
