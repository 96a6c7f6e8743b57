// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/statistics_page.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace cluster {

/// Shows in the statistics page, again and again, that an event loop turns. One timer; each sign is a
/// few stores and two looks at clocks, and nobody is told.
class heartbeat : public std::enable_shared_from_this<heartbeat> {
 public:
  heartbeat(boost::asio::any_io_executor loop, std::shared_ptr<os::statistics_page> page, std::size_t place,
            std::chrono::milliseconds interval);

  /// From the thread of the loop: the first sign at once. Call it on a shared object.
  void start();
  /// Called with each sign; from the thread of the loop.
  void on_sign(std::function<void()> then) { then_ = std::move(then); }
  /// Shows one now; from the thread of the loop.
  void show();
  /// From any thread: another interval, and a sign at once.
  void beat_every(std::chrono::milliseconds interval);
  /// From any thread; the loop is left without work of this object's.
  void stop() noexcept;

 private:
  void wait();

  std::shared_ptr<os::statistics_page> page_;
  std::size_t place_;
  std::chrono::milliseconds interval_;
  std::function<void()> then_;
  std::atomic<bool> stopped_{false};
  boost::asio::steady_timer timer_;
};

}  // namespace cluster
