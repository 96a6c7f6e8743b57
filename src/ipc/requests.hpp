// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/error.hpp>
#include <cluster/message.hpp>
#include <cluster/types.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace cluster::ipc {

/// Requests that wait for their answers, each with a deadline.
class requests {
 public:
  using answer_handler = boost::asio::any_completion_handler<void(error_code, cluster::message)>;
  using clock = std::chrono::steady_clock;

  static constexpr std::size_t most = 65'536;

  explicit requests(boost::asio::any_io_executor executor);

  /// The number of the new request; 0 and completion with queue_full when there are too many.
  std::uint64_t add(worker_id of, std::chrono::milliseconds timeout, answer_handler done);
  /// Completes the request; false if there is none of that number to that peer (any more).
  bool settle(std::uint64_t number, worker_id of, error_code ec, cluster::message answer);
  /// Nobody is there any more to answer these.
  void fail(worker_id of, error_code why);
  void fail_all(error_code why);

  std::size_t size() const noexcept { return open_.size(); }

 private:
  struct entry {
    worker_id of;
    clock::time_point deadline;
    answer_handler done;
  };

  void finish(std::uint64_t number, error_code ec, cluster::message answer);
  void arm();
  void expire();

  boost::asio::any_io_executor executor_;
  std::map<std::uint64_t, std::unique_ptr<entry>> open_;  ///< pointers: a handler is never assigned
  std::set<std::pair<clock::time_point, std::uint64_t>> deadlines_;
  std::shared_ptr<boost::asio::steady_timer> timer_;
  std::uint64_t last_ = 0;
};

}  // namespace cluster::ipc
