// SPDX-License-Identifier: BSL-1.0
#include "ipc/mailbox.hpp"

#include "os/sealed_file.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace cluster::ipc {
namespace {

// What the channel's own queue may hold of ours: it has to have room for a drain at any time.
constexpr std::size_t queued_messages = 32;
constexpr std::size_t queued_bytes = 256 * 1024;

}  // namespace

mailbox::mailbox(boost::asio::any_io_executor executor, std::shared_ptr<channel> line)
    : executor_(std::move(executor)), line_(std::move(line)) {}

void mailbox::start() {
  line_->on_room([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->pump();
  });
}

bool mailbox::room() const noexcept {
  return line_->queued() < queued_messages && line_->queued_bytes() < queued_bytes;
}

void mailbox::send(note head, cluster::message content, sent_handler done) {
  std::vector<os::unique_fd> descriptors;
  if (const error_code ec = fill_note(head, std::move(content), descriptors))
    return complete(std::move(done), ec);
  forward(std::move(head), std::move(descriptors), std::move(done));
}

void mailbox::forward(note head, std::vector<os::unique_fd> descriptors, sent_handler done) {
  if (!line_->is_open()) return complete(std::move(done), make_error_code(error::channel_closed));
  if (waiting_.empty() && room()) {
    const error_code ec = line_->send(head, std::move(descriptors));
    return complete(std::move(done), ec);
  }
  // A memory file costs as much as its content.
  const std::size_t size = head.data.size() + head.bulk;
  if (waiting_.size() >= most_waiting || waiting_bytes_ + size > most_waiting_bytes)
    return complete(std::move(done), make_error_code(error::queue_full));
  waiting_bytes_ += size;
  waiting_.push_back({std::move(head), std::move(descriptors), std::move(done)});
}

void mailbox::pump() {
  while (!waiting_.empty() && line_->is_open() && room()) {
    letter& next = waiting_.front();
    waiting_bytes_ -= next.head.data.size() + next.head.bulk;
    const error_code ec = line_->send(next.head, std::move(next.descriptors));
    complete(std::move(next.done), ec);
    waiting_.pop_front();
  }
}

void mailbox::fail(error_code why) {
  while (!waiting_.empty()) {
    complete(std::move(waiting_.front().done), why);
    waiting_.pop_front();
  }
  waiting_bytes_ = 0;
}

void mailbox::complete(sent_handler done, error_code ec) {
  if (done) boost::asio::post(executor_, boost::asio::append(std::move(done), ec));
}

error_code fill_note(note& head, cluster::message content, std::vector<os::unique_fd>& descriptors) {
  if (content.data.size() > max_message_data || content.descriptors.size() > max_message_descriptors)
    return make_error_code(error::message_too_large);
  for (descriptor& each : content.descriptors) descriptors.emplace_back(each.release());
  head.bulk = 0;
  head.data.clear();
  if (content.data.size() <= max_note_data) {
    head.data = std::move(content.data);
    return {};
  }
  os::unique_fd file;
  if (const os::failure failed = os::make_sealed_file(content.data, file)) return failed.code;
  head.bulk = content.data.size();
  descriptors.push_back(std::move(file));
  return {};
}

error_code open_note(note& head, std::vector<os::unique_fd> descriptors, cluster::message& out) {
  out = {};
  if (head.bulk == 0) {
    out.data = std::move(head.data);
  } else {
    if (descriptors.empty() || head.bulk > max_message_data) return make_error_code(error::protocol_error);
    const os::unique_fd file = std::move(descriptors.back());
    descriptors.pop_back();
    if (const os::failure failed = os::read_sealed_file(file.get(), head.bulk, out.data)) return failed.code;
  }
  if (descriptors.size() > max_message_descriptors) return make_error_code(error::protocol_error);
  for (os::unique_fd& each : descriptors) out.descriptors.emplace_back(each.release());
  return {};
}

}  // namespace cluster::ipc
