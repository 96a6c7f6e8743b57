// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>

#include <sys/types.h>
#include <unistd.h>

namespace cluster::http {

/// A stretch of an open file that is content of a response. Owns the descriptor.
struct file_part {
  explicit file_part(int from) noexcept : fd(from) {}
  ~file_part() {
    if (fd >= 0) ::close(fd);
  }
  file_part(const file_part&) = delete;
  file_part& operator=(const file_part&) = delete;

  int fd;
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};

struct ws_route;

/// What an answer is beside fields and text: rare, and one pointer in every other one.
struct response_extra {
  std::shared_ptr<const file_part> file;    ///< content that comes from there and not from the text
  std::shared_ptr<const ws_route> upgrade;  ///< the connection becomes a session of that route
};

/// A file on its way out; `next` counts up.
struct file_sending {
  std::shared_ptr<const file_part> part;
  off_t next = 0;
  std::uint64_t left = 0;
  bool keep = true;  ///< the connection, afterwards
};

}  // namespace cluster::http
