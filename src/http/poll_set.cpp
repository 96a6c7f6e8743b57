// SPDX-License-Identifier: BSL-1.0
#include "http/poll_set.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>

namespace cluster::http {

poll_set::poll_set(boost::asio::io_context& context) : descriptor_(context) {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) {
    throw boost::system::system_error(errno, boost::system::system_category(), "epoll_create1");
  }
  descriptor_.assign(fd);
}

bool poll_set::add(int fd, poll_target& target, std::uint32_t events) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &target;
  return ::epoll_ctl(descriptor_.native_handle(), EPOLL_CTL_ADD, fd, &event) == 0;
}

bool poll_set::add_connection(int fd, poll_target& target) noexcept {
  return add(fd, target, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

bool poll_set::add_listener(int fd, poll_target& target) noexcept { return add(fd, target, EPOLLIN); }

void poll_set::remove(int fd) noexcept {
  ::epoll_ctl(descriptor_.native_handle(), EPOLL_CTL_DEL, fd, nullptr);
}

std::span<const epoll_event> poll_set::poll() noexcept {
  const int n = ::epoll_wait(descriptor_.native_handle(), events_.data(), batch, 0);
  return {events_.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

void poll_set::cancel() noexcept {
  boost::system::error_code ignored;
  descriptor_.close(ignored);
}

}  // namespace cluster::http
