// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "unit/os/listening.hpp"
#include "unit/os/surroundings.hpp"

#include <string>
#include <utility>
#include <vector>

/// Sockets passed from one process to another, as service managers do it.
namespace cluster::test {

/// A listening TCP socket as a parent process would pass it: blocking and not closed at exec.
inline os::unique_fd passed_listener() {
  os::unique_fd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd.get(), 5) == 0);
  return fd;
}

/// Puts descriptors at 3, 4, ... as a service manager does; afterwards what was there is back.
class passed_from_three {
 public:
  explicit passed_from_three(std::vector<os::unique_fd> sockets) {
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      const int number = 3 + static_cast<int>(i);
      saved_.push_back(::fcntl(number, F_DUPFD_CLOEXEC, 100));
      // The sockets themselves may be among the numbers that are overwritten.
      sockets[i] = os::unique_fd(::fcntl(sockets[i].get(), F_DUPFD_CLOEXEC, 100));
    }
    for (std::size_t i = 0; i < sockets.size(); ++i)
      REQUIRE(::dup2(sockets[i].get(), 3 + static_cast<int>(i)) >= 0);
  }
  passed_from_three(const passed_from_three&) = delete;
  passed_from_three& operator=(const passed_from_three&) = delete;
  ~passed_from_three() {
    for (std::size_t i = 0; i < saved_.size(); ++i) {
      const int number = 3 + static_cast<int>(i);
      if (saved_[i] >= 0) ::dup2(saved_[i], number);
      else ::close(number);
      if (saved_[i] >= 0) ::close(saved_[i]);
    }
  }

 private:
  std::vector<int> saved_;
};

struct manager_environment {
  manager_environment(const char* for_pid, const char* how_many, const char* named)
      : pid("LISTEN_PID", for_pid), count("LISTEN_FDS", how_many), names("LISTEN_FDNAMES", named) {}
  environment_guard pid;
  environment_guard count;
  environment_guard names;
};

}  // namespace cluster::test
