// SPDX-License-Identifier: BSL-1.0
#include "supervisor/output_relay.hpp"

#include <cluster/error.hpp>

#include <boost/asio/post.hpp>

#include <utility>

namespace cluster {

void output_relay::write(std::string_view line) {
  if (waiting_.size() + line.size() + 1 > most_waiting) {
    ++dropped_;
    return;
  }
  waiting_.append(line).push_back('\n');
  if (std::exchange(scheduled_, true)) return;
  boost::asio::post(retry_.get_executor(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->flush();
  });
}

// There is no wait for room that would leave the stream as it is for others, so it is tried again a little
// later, and only while something waits.
void output_relay::flush() {
  scheduled_ = false;
  waiting_.erase(0, output_.write(waiting_));
  if (waiting_.empty()) {
    if (waiting_.capacity() > 64 * 1024) waiting_.shrink_to_fit();
    return;
  }
  scheduled_ = true;
  retry_.expires_after(std::chrono::milliseconds(10));
  retry_.async_wait([weak = weak_from_this()](const error_code& ec) {
    if (const auto self = weak.lock(); self && !ec) self->flush();
  });
}

}  // namespace cluster
