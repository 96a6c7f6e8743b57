// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/error.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include <sys/epoll.h>

namespace cluster::http {

/// What a poll_set reports on.
struct poll_target {
  enum class kind : std::uint8_t { connection, listener };
  kind what;
};

/// The server's own epoll set. At first it is a guest of an io_context: Asio watches one descriptor, the set
/// itself, and hears of it once a batch instead of once a connection and read. Where the server runs the
/// context the set can be the host: who waits then waits in a set at the top, with three kinds of members:
/// the listeners, which only there can be watched exclusively; Asio's set; and the set of connections. That
/// one stays a set of its own since the kernel (Linux 6.13) takes a direct wake-up as a hint that the sender
/// is about to sleep, and lets the worker share its processor although another one is idle.
///
/// Connections are watched edge-triggered, and leave by being closed: one with a single request costs one
/// epoll_ctl in its life, one with more two, or three with a host.
class poll_set {
 public:
  explicit poll_set(boost::asio::io_context& context);
  ~poll_set() { cancel(); }
  poll_set(const poll_set&) = delete;
  poll_set& operator=(const poll_set&) = delete;

  /// False, and it stays a guest, if Asio's set cannot be found. A wait that was pending is aborted, and the
  /// context has work as long as it is the host. Either way there must be no listener in the set, and no
  /// newcomer.
  bool become_host();
  void become_guest();
  bool is_host() const noexcept { return top_ >= 0; }

  /// Return false if the kernel refused (errno).
  bool add_connection(int fd, poll_target& target) noexcept;
  /// One that is likely to be gone after its first request: watched for that only, and by a host with one
  /// look less. Whoever is to be sent something that it does not take at once, or stays, settles among the
  /// others.
  bool add_newcomer(int fd, poll_target& target) noexcept;
  bool settle(int fd, poll_target& target) noexcept;
  /// Exclusive, for a host: of all that watch it so, a connection wakes the one that waits longest.
  bool add_listener(int fd, poll_target& target, bool exclusive) noexcept;
  /// For descriptors that stay open elsewhere; closing would not take those out of the set.
  void remove_connection(int fd) noexcept;
  void remove_newcomer(int fd) noexcept;
  void remove_listener(int fd) noexcept { remove_newcomer(fd); }

  /// What is ready now, without waiting; at most a batch.
  std::span<const epoll_event> poll() noexcept;
  /// The same, once there is something; for the host. Nothing at all: the context has something to do, or a
  /// signal came.
  std::span<const epoll_event> wait() noexcept { return look(-1); }
  static constexpr std::size_t batch = 256;

  /// Completes when something is ready; for the guest. One wait at a time.
  template <class Handler>
  void async_wait(Handler&& handler) {
    descriptor_.async_wait(descriptor_type::wait_read, std::forward<Handler>(handler));
  }
  void cancel() noexcept;

  static poll_target& target_of(const epoll_event& event) noexcept {
    return *static_cast<poll_target*>(event.data.ptr);
  }

 private:
  using descriptor_type = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

  int upper() const noexcept { return is_host() ? top_ : connections_; }
  std::span<const epoll_event> look(int timeout) noexcept;
  std::size_t take(int from, std::size_t place, int timeout) noexcept;

  boost::asio::io_context& context_;
  descriptor_type descriptor_;  ///< of the guest
  int connections_ = -1;
  int top_ = -1;       ///< of the host
  bool more_ = false;  ///< that of the connections has more than was taken
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::array<epoll_event, batch> events_;
};

}  // namespace cluster::http
