// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/error.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <sys/epoll.h>

namespace cluster::http {

/// What a poll_set reports on.
struct poll_target {
  enum class kind : std::uint8_t { connection, listener };
  kind what;
};

/// The server's own epoll set, as a guest of an io_context: Asio watches one descriptor, the set itself,
/// and hears of it once a batch instead of once a connection and read. Needs Asio's public interface only.
///
/// Connections are watched edge-triggered for everything, once, when they are added; they leave by being
/// closed. So a connection costs one epoll_ctl in its life.
class poll_set {
 public:
  explicit poll_set(boost::asio::io_context& context);

  /// Returns false if the kernel refused (errno).
  bool add_connection(int fd, poll_target& target) noexcept;
  bool add_listener(int fd, poll_target& target) noexcept;
  /// For descriptors that stay open elsewhere; closing would not take those out of the set.
  void remove(int fd) noexcept;

  /// What is ready now, without waiting; at most a batch.
  std::span<const epoll_event> poll() noexcept;
  static constexpr std::size_t batch = 256;

  /// Completes when something is ready. One wait at a time.
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

  bool add(int fd, poll_target& target, std::uint32_t events) noexcept;

  descriptor_type descriptor_;
  std::array<epoll_event, batch> events_;
};

}  // namespace cluster::http
