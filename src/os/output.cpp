// SPDX-License-Identifier: BSL-1.0
#include "os/output.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace cluster::os {

failure make_output_pipe(unique_fd& from, unique_fd& to) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {last_error(), "pipe: " + last_error().message()};
  from.reset(ends[0]);
  to.reset(ends[1]);
  if (::fcntl(from.get(), F_SETFL, O_NONBLOCK) != 0) return {last_error(), "pipe: " + last_error().message()};
  return {};
}

failure redirect_output(const std::string& path, const std::string& error_path) {
  // Both are open before either is put in its place: a failure leaves everything as it was.
  unique_fd files[2];
  for (int i = 0; i < 2; ++i) {
    const std::string& name = i == 0 || error_path.empty() ? path : error_path;
    if (name.empty()) continue;
    files[i].reset(::open(name.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640));
    if (!files[i]) return failed_at("log-file", name, last_error());
  }
  for (int i = 0; i < 2; ++i)
    if (files[i] && ::dup2(files[i].get(), STDOUT_FILENO + i) < 0)
      return {last_error(), "log-file: " + last_error().message()};
  return {};
}

// O_NONBLOCK belongs to the open file description, which the shell and other programs share; a pipe or a
// terminal can be opened once more, for a description of our own. Files never block, sockets can be told
// with each call. For what is left there is a look before each write.
unblocked_output::unblocked_output(int number) : number_(number) {
  struct stat what {};
  if (::fstat(number, &what) != 0 || S_ISREG(what.st_mode)) return;
  if (S_ISSOCK(what.st_mode)) {
    kind_ = kind::socket;
    return;
  }
  const std::string path = "/proc/self/fd/" + std::to_string(number);
  own_.reset(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!own_) kind_ = kind::polled;
}

std::size_t unblocked_output::write(std::string_view text) noexcept {
  std::size_t taken = 0;
  while (taken < text.size()) {
    const char* from = text.data() + taken;
    std::size_t size = text.size() - taken;
    ssize_t written = -1;
    switch (kind_) {
      case kind::plain: written = ::write(own_ ? own_.get() : number_, from, size); break;
      case kind::socket: written = ::send(number_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL); break;
      case kind::polled: {
        // A pipe that is ready has room for this much.
        pollfd one{number_, POLLOUT, 0};
        if (::poll(&one, 1, 0) != 1 || (one.revents & POLLOUT) == 0) return taken;
        size = std::min<std::size_t>(size, PIPE_BUF);
        written = ::write(number_, from, size);
        break;
      }
    }
    if (written >= 0) taken += static_cast<std::size_t>(written);
    else if (errno == EAGAIN) return taken;
    else if (errno != EINTR) return text.size();
  }
  return taken;
}

}  // namespace cluster::os
