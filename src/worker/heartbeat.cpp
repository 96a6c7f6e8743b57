// SPDX-License-Identifier: BSL-1.0
#include "worker/heartbeat.hpp"

#include <boost/asio/dispatch.hpp>

#include <time.h>
#include <unistd.h>

#include <utility>

namespace cluster {
namespace {

std::int64_t read_clock(clockid_t which) noexcept {
  timespec t{};
  ::clock_gettime(which, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

heartbeat::heartbeat(boost::asio::any_io_executor loop, std::shared_ptr<os::statistics_page> page,
                     std::size_t place, std::chrono::milliseconds interval)
    : page_(std::move(page)), place_(place), interval_(interval), timer_(std::move(loop)) {}

void heartbeat::start() {
  if (stopped_) return;
  show();
  wait();
}

void heartbeat::show() {
  const auto now = static_cast<std::uint64_t>(read_clock(CLOCK_MONOTONIC));
  page_->show_life(place_, {now, ::gettid()}, std::chrono::nanoseconds(read_clock(CLOCK_THREAD_CPUTIME_ID)));
  if (then_) then_();
}

void heartbeat::wait() {
  timer_.expires_after(interval_);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    const auto self = weak.lock();
    if (!ec && self) self->start();
  });
}

void heartbeat::beat_every(std::chrono::milliseconds interval) {
  boost::asio::dispatch(timer_.get_executor(), [self = shared_from_this(), interval] {
    self->interval_ = interval;
    self->start();  // the wait under way is cancelled by the new one
  });
}

// The timer belongs to the loop's thread, so that is where it is cancelled.
void heartbeat::stop() noexcept {
  if (stopped_.exchange(true)) return;
  boost::asio::dispatch(timer_.get_executor(), [self = shared_from_this()] { self->timer_.cancel(); });
}

}  // namespace cluster
