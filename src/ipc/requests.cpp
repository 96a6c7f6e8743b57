// SPDX-License-Identifier: BSL-1.0
#include "ipc/requests.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

#include <vector>

namespace cluster::ipc {

requests::requests(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)), timer_(std::make_shared<boost::asio::steady_timer>(executor_)) {}

std::uint64_t requests::add(worker_id of, std::chrono::milliseconds timeout, answer_handler done) {
  if (open_.size() >= most) {
    boost::asio::post(executor_, boost::asio::append(std::move(done), make_error_code(error::queue_full),
                                                     cluster::message{}));
    return 0;
  }
  const std::uint64_t number = ++last_;
  const auto deadline = clock::now() + timeout;
  open_.emplace(number, std::unique_ptr<entry>(new entry{of, deadline, std::move(done)}));
  deadlines_.emplace(deadline, number);
  if (deadlines_.begin()->second == number) arm();
  return number;
}

bool requests::settle(std::uint64_t number, worker_id of, error_code ec, cluster::message answer) {
  const auto found = open_.find(number);
  if (found == open_.end() || found->second->of != of) return false;
  finish(number, ec, std::move(answer));
  return true;
}

void requests::fail(worker_id of, error_code why) {
  std::vector<std::uint64_t> lost;
  for (const auto& [number, each] : open_)
    if (each->of == of) lost.push_back(number);
  for (const std::uint64_t number : lost) finish(number, why, {});
}

void requests::fail_all(error_code why) {
  while (!open_.empty()) finish(open_.begin()->first, why, {});
}

void requests::finish(std::uint64_t number, error_code ec, cluster::message answer) {
  const auto found = open_.find(number);
  const std::unique_ptr<entry> done = std::move(found->second);
  open_.erase(found);
  deadlines_.erase({done->deadline, number});
  boost::asio::post(executor_, boost::asio::append(std::move(done->done), ec, std::move(answer)));
  // A timer that has nothing to wait for would keep the context running.
  if (deadlines_.empty()) timer_->cancel();
}

void requests::arm() {
  timer_->expires_at(deadlines_.begin()->first);
  timer_->async_wait([this, keep = std::weak_ptr(timer_)](const error_code& ec) {
    if (!ec && !keep.expired()) expire();
  });
}

void requests::expire() {
  const auto now = clock::now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now)
    finish(deadlines_.begin()->second, make_error_code(error::timed_out), {});
  if (!deadlines_.empty()) arm();
}

}  // namespace cluster::ipc
