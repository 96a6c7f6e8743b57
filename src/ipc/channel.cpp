// SPDX-License-Identifier: BSL-1.0
#include "ipc/channel.hpp"

#include "os/message_socket.hpp"
#include "os/system_error.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <utility>

namespace cluster::ipc {
namespace {

constexpr std::chrono::milliseconds pause_for_the_system{20};

bool comes_later(const error_code& ec) {
  return ec == boost::asio::error::would_block || ec == boost::asio::error::no_buffer_space;
}

}  // namespace

channel::channel(const boost::asio::any_io_executor& executor, os::unique_fd socket, channel_limits limits)
    : socket_(executor, boost::asio::generic::seq_packet_protocol(AF_UNIX, 0), socket.release()),
      limits_(limits),
      pause_(executor) {}

void channel::start(message_handler on_message, end_handler on_end) {
  handlers_ = std::make_shared<const handlers>(handlers{std::move(on_message), std::move(on_end)});
  wait_readable();
}

void channel::wait_readable() {
  if (!handlers_) return;
  socket_.async_wait(socket_.wait_read, [self = shared_from_this()](const error_code& ec) {
    if (ec == boost::asio::error::operation_aborted || !self->is_open() || !self->handlers_) return;
    if (ec) return self->end(ec);
    self->read_messages();
  });
}

void channel::read_messages() {
  for (std::size_t i = 0; i < limits_.reads_per_turn; ++i) {
    error_code ec;
    if (!take_one(ec)) {
      if (ec) return end(ec);
      break;
    }
    if (!is_open() || !handlers_) return;  // the handler closed or finished it
  }
  if (const auto current = on_turn_end_) current();
  if (is_open()) wait_readable();
}

void channel::read_pending() {
  error_code ec;
  for (std::size_t i = 0; i < 16 * limits_.reads_per_turn && is_open(); ++i)
    if (!take_one(ec)) return;
}

// One message from the socket to the handler; false when there is none or the channel broke.
bool channel::take_one(error_code& ec) {
  std::array<std::byte, max_message_size> buffer;
  os::received_message received;
  ec = os::receive_message(socket_.native_handle(), buffer, received);
  if (ec == boost::asio::error::would_block) {
    ec = {};
    return false;
  }
  if (ec) return false;
  decoded incoming;
  ec = decode(std::span(buffer).first(received.size), incoming);
  // A message that lost descriptors cannot be repaired: the sender believes that we have them.
  if (!ec && (received.truncated || received.descriptors.size() != incoming.descriptors))
    ec = make_error_code(error::descriptors_lost);
  if (ec) return false;
  // An unknown type is skipped; its descriptors close here.
  if (!incoming.known) return true;
  const auto current = handlers_;
  current->on_message(incoming.what, std::move(received.descriptors));
  return true;
}

error_code channel::prepare(const message& what, std::size_t descriptors, outgoing& next) const {
  if (!is_open()) return make_error_code(error::channel_closed);
  encode(what, descriptors, next.data);
  if (next.data.size() > max_message_size || descriptors > os::max_descriptors)
    return make_error_code(error::message_too_large);
  return {};
}

error_code channel::send(const message& what, std::vector<os::unique_fd> descriptors) {
  outgoing next;
  if (const error_code ec = prepare(what, descriptors.size(), next)) return ec;
  next.descriptors = std::move(descriptors);
  if (queue_.empty()) {
    const error_code ec = write(next);
    // A closed channel is reported by the reading side, after the peer's last words.
    if (!comes_later(ec)) return ec;
    wait_for_room(ec);
  }
  return put_off(std::move(next));
}

error_code channel::send_lent(const message& what, std::span<const int> descriptors) {
  outgoing next;
  if (const error_code ec = prepare(what, descriptors.size(), next)) return give_up(ec);
  if (queue_.empty()) {
    const error_code ec = os::send_message(socket_.native_handle(), next.data, descriptors);
    if (!ec) return {};
    if (!comes_later(ec)) return give_up(ec);
    wait_for_room(ec);
  }
  for (const int each : descriptors) {
    next.descriptors.emplace_back(::fcntl(each, F_DUPFD_CLOEXEC, 3));
    if (!next.descriptors.back()) return give_up(os::last_error());
  }
  return put_off(std::move(next));
}

// Not before the caller is done with what it does. The peer's last words, if it is gone, are read first.
error_code channel::give_up(const error_code& why) {
  if (is_open() && why != error::channel_closed)
    boost::asio::post(socket_.get_executor(), [self = shared_from_this(), why] { self->end(why); });
  return why;
}

error_code channel::put_off(outgoing next) {
  if (queue_.size() >= limits_.queued_messages || queued_bytes_ + next.data.size() > limits_.queued_bytes)
    return give_up(make_error_code(error::queue_full));
  queued_bytes_ += next.data.size();
  queue_.push_back(std::move(next));
  return {};
}

error_code channel::write(const outgoing& next) {
  std::array<int, os::max_descriptors> numbers;
  for (std::size_t i = 0; i < next.descriptors.size(); ++i) numbers[i] = next.descriptors[i].get();
  return os::send_message(socket_.native_handle(), next.data,
                          std::span(numbers).first(next.descriptors.size()));
}

// When it is the system that has no room (memory, or descriptors of this user that are under way) the socket
// itself is ready all the time, and waiting for it would be a loop without end.
void channel::wait_for_room(const error_code& why) {
  if (std::exchange(waiting_for_room_, true)) return;
  const auto again = [self = shared_from_this()](const error_code& ec) {
    self->waiting_for_room_ = false;
    if (!ec && self->is_open()) self->flush();
  };
  if (why == boost::asio::error::would_block) return socket_.async_wait(socket_.wait_write, again);
  pause_.expires_after(pause_for_the_system);
  pause_.async_wait(again);
}

void channel::flush() {
  while (!queue_.empty()) {
    const error_code ec = write(queue_.front());
    if (comes_later(ec)) return wait_for_room(ec);
    queued_bytes_ -= queue_.front().data.size();
    queue_.pop_front();
    if (ec) {
      // Closed: the reading side reports it, if it still reads.
      if (finishing_) close();
      return;
    }
  }
  if (finishing_) return close();
  const auto keep = shared_from_this();
  if (const auto current = on_room_) current();
}

void channel::finish() {
  if (queue_.empty()) return close();
  finishing_ = true;
  handlers_.reset();
}

void channel::close() {
  error_code ignored;
  socket_.close(ignored);
  pause_.cancel();
  queue_.clear();
  queued_bytes_ = 0;
  handlers_.reset();
  on_room_ = nullptr;
  on_turn_end_ = nullptr;
}

void channel::end(error_code why) {
  if (!is_open()) return;
  const auto current = handlers_;
  close();
  if (current) current->on_end(why);
}

}  // namespace cluster::ipc
