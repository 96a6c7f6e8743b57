// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/unique_fd.hpp"
#include "supervisor/line_splitter.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace cluster {

/// Reads what one worker writes to one of its streams, always and at once, so that the worker never waits
/// for it. Beyond a generous rate lines are counted instead of taken: a flood costs the flooder's lines.
class output_tap : public std::enable_shared_from_this<output_tap> {
 public:
  static constexpr std::size_t most_per_second = 8 * 1024 * 1024;

  struct events {
    std::function<void(std::string_view line)> line;
    std::function<void(std::uint64_t lines)> dropped;
  };

  output_tap(const boost::asio::any_io_executor& executor, os::unique_fd from, events call)
      : from_(executor, from.release()), call_(std::move(call)) {}

  void start() { wait(); }
  /// The worker is gone: takes what is still in the pipe, and no more. Grandchildren may hold it open.
  void finish();

 private:
  void wait();
  bool read_some();
  void take(std::string_view piece);

  boost::asio::posix::basic_stream_descriptor<boost::asio::any_io_executor> from_;
  events call_;
  line_splitter lines_;
  std::chrono::steady_clock::time_point window_{};
  std::size_t in_window_ = 0;
};

}  // namespace cluster
