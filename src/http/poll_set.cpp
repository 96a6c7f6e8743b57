// SPDX-License-Identifier: BSL-1.0
#include "http/poll_set.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <unistd.h>

namespace cluster::http {
namespace {

constexpr std::uint32_t on_a_newcomer = EPOLLIN | EPOLLRDHUP | EPOLLET;
constexpr std::uint32_t on_a_connection = on_a_newcomer | EPOLLOUT;

// Asio does not tell which set it watches `fd` in, but the kernel takes it out of that one only: an attempt
// at any other descriptor fails and changes nothing. -1: nobody watches it.
int take_out_of_its_set(int fd) noexcept {
  constexpr int beyond = 1024;
  for (int set = 0; set < fd + beyond; ++set)
    if (set != fd && ::epoll_ctl(set, EPOLL_CTL_DEL, fd, nullptr) == 0) return set;
  return -1;
}

bool change(int set, int how, int fd, void* target, std::uint32_t events) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.ptr = target;
  return ::epoll_ctl(set, how, fd, &event) == 0;
}

bool add(int set, int fd, void* target, std::uint32_t events) noexcept {
  return change(set, EPOLL_CTL_ADD, fd, target, events);
}

}  // namespace

poll_set::poll_set(boost::asio::io_context& context) : context_(context), descriptor_(context) {
  connections_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (connections_ < 0) {
    throw boost::system::system_error(errno, boost::system::system_category(), "epoll_create1");
  }
  descriptor_.assign(connections_);
}

bool poll_set::become_host() {
  if (is_host() || connections_ < 0) return is_host();
  const int context = take_out_of_its_set(connections_);
  if (context < 0) return false;
  descriptor_.release();
  top_ = ::epoll_create1(EPOLL_CLOEXEC);
  work_.emplace(context_.get_executor());
  more_ = true;  // what became ready before shows no edge any more
  if (add(top_, context, &context_, EPOLLIN) && add(top_, connections_, this, EPOLLIN | EPOLLET)) return true;
  become_guest();
  return false;
}

void poll_set::become_guest() {
  if (!work_) return;
  ::close(std::exchange(top_, -1));
  descriptor_.assign(connections_);
  work_.reset();
}

bool poll_set::add_connection(int fd, poll_target& target) noexcept {
  return add(connections_, fd, &target, on_a_connection);
}

bool poll_set::add_newcomer(int fd, poll_target& target) noexcept {
  return add(upper(), fd, &target, on_a_newcomer);
}

bool poll_set::settle(int fd, poll_target& target) noexcept {
  if (!is_host()) return change(connections_, EPOLL_CTL_MOD, fd, &target, on_a_connection);
  remove_newcomer(fd);
  return add_connection(fd, target);
}

bool poll_set::add_listener(int fd, poll_target& target, bool exclusive) noexcept {
  return add(upper(), fd, &target, exclusive ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN);
}

void poll_set::remove_connection(int fd) noexcept { ::epoll_ctl(connections_, EPOLL_CTL_DEL, fd, nullptr); }

void poll_set::remove_newcomer(int fd) noexcept { ::epoll_ctl(upper(), EPOLL_CTL_DEL, fd, nullptr); }

std::size_t poll_set::take(int from, std::size_t place, int timeout) noexcept {
  const int n = ::epoll_wait(from, events_.data() + place, static_cast<int>(batch - place), timeout);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

std::span<const epoll_event> poll_set::poll() noexcept {
  if (is_host()) return look(0);
  return {events_.data(), take(connections_, 0, 0)};
}

std::span<const epoll_event> poll_set::look(int timeout) noexcept {
  const std::size_t members = take(top_, 0, more_ ? 0 : timeout);
  std::size_t n = 0;
  for (std::size_t i = 0; i < members; ++i) {
    if (events_[i].data.ptr == this) more_ = true;
    else if (events_[i].data.ptr != &context_) events_[n++] = events_[i];  // a listener, a newcomer
  }
  if (more_) {
    const std::size_t taken = take(connections_, n, 0);
    more_ = taken == batch - n;
    n += taken;
  }
  return {events_.data(), n};
}

void poll_set::cancel() noexcept {
  boost::system::error_code ignored;
  if (is_host()) {
    ::close(std::exchange(top_, -1));
    ::close(connections_);
  } else {
    descriptor_.close(ignored);
  }
  connections_ = -1;
  work_.reset();
}

}  // namespace cluster::http
