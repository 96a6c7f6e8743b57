// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/output.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace cluster {

/// Passes workers' lines on to where the supervisor's own standard streams lead. Whoever reads there may be
/// slow or stand still: a bounded rest waits, and what does not fit is counted and gone.
class output_relay : public std::enable_shared_from_this<output_relay> {
 public:
  static constexpr std::size_t most_waiting = 256 * 1024;

  output_relay(const boost::asio::any_io_executor& executor, int number)
      : output_(number), retry_(executor) {}

  /// A line without its end. Written with others that come in the same turn of the loop.
  void write(std::string_view line);
  void flush();
  std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  os::unblocked_output output_;
  boost::asio::steady_timer retry_;
  std::string waiting_;
  std::uint64_t dropped_ = 0;
  bool scheduled_ = false;  ///< a flush will come
};

}  // namespace cluster
