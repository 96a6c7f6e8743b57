// SPDX-License-Identifier: BSL-1.0
#include "supervisor/output_tap.hpp"

#include <cluster/error.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace cluster {

void output_tap::wait() {
  from_.async_wait(from_.wait_read, [weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self || !self->from_.is_open()) return;
    // One piece at a time: other workers and clients have their turn in between.
    if (self->read_some()) self->wait();
  });
}

// False at the end.
bool output_tap::read_some() {
  std::array<char, 64 * 1024> piece;
  const ssize_t got = ::read(from_.native_handle(), piece.data(), piece.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) {
    lines_.finish(call_.line);
    error_code ignored;
    from_.close(ignored);
    return false;
  }
  take({piece.data(), static_cast<std::size_t>(got)});
  return true;
}

void output_tap::take(std::string_view piece) {
  const auto now = std::chrono::steady_clock::now();
  if (now - window_ >= std::chrono::seconds(1)) {
    window_ = now;
    in_window_ = 0;
  }
  in_window_ += piece.size();
  if (in_window_ <= most_per_second) return lines_.feed(piece, call_.line);
  call_.dropped(static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '\n')));
}

void output_tap::finish() {
  if (!from_.is_open()) return;
  std::array<char, 64 * 1024> piece;
  for (std::size_t total = 0; total < 1024 * 1024;) {
    const ssize_t got = ::read(from_.native_handle(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    total += static_cast<std::size_t>(got);
    take({piece.data(), static_cast<std::size_t>(got)});
  }
  lines_.finish(call_.line);
  error_code ignored;
  from_.close(ignored);
}

}  // namespace cluster
