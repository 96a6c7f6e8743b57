// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/message_socket.hpp"
#include "support/catch.hpp"
#include "unit/os/surroundings.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cluster::test {

struct message_pair {
  os::unique_fd one;
  os::unique_fd other;

  message_pair() {
    const error_code ec = os::make_message_pair(one, other);
    REQUIRE_FALSE(ec);
  }
};

inline std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

struct arrived {
  error_code ec;
  os::received_message message;
  std::string text;
};

inline arrived receive(int fd, std::size_t room = 64 * 1024) {
  arrived result;
  std::vector<std::byte> buffer(room);
  result.ec = os::receive_message(fd, buffer, result.message);
  result.text.assign(reinterpret_cast<const char*>(buffer.data()), result.message.size);
  return result;
}

inline os::unique_fd null_device() {
  os::unique_fd fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  REQUIRE(fd);
  return fd;
}

/// `count` times the same descriptor, as send_message takes them.
inline std::vector<int> copies(const os::unique_fd& fd, std::size_t count) {
  return std::vector<int>(count, fd.get());
}

}  // namespace cluster::test
