// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ipc/message.hpp"
#include "os/unique_fd.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_seq_packet_socket.hpp>
#include <boost/asio/generic/seq_packet_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace cluster::ipc {

/// What a channel holds at most. A peer that reads too slowly costs this and no more.
struct channel_limits {
  std::size_t queued_messages = 256;
  std::size_t queued_bytes = 1024 * 1024;
  std::size_t reads_per_turn = 64;  ///< then others get the loop; a flood starves nobody
};

/// One end of the conversation between supervisor and worker, on a seqpacket socket. Carries messages
/// with descriptors, in order. Ends once: `on_end` says why, and nothing comes after it. Not thread-safe.
class channel : public std::enable_shared_from_this<channel> {
 public:
  using message_handler = std::function<void(const message&, std::vector<os::unique_fd>)>;
  using end_handler = std::function<void(error_code)>;

  channel(const boost::asio::any_io_executor& executor, os::unique_fd socket, channel_limits limits = {});

  /// on_end gets channel_closed at the orderly end, else what broke (protocol_error, descriptors_lost,
  /// queue_full, a system error). Both handlers run on the executor, never from inside send or start.
  void start(message_handler on_message, end_handler on_end);

  /// Sends or queues. Descriptors are owned by the queue until the kernel has taken them. queue_full
  /// ends the channel (the peer does not read); after the end nothing is sent and channel_closed returned.
  error_code send(const message& what, std::vector<os::unique_fd> descriptors = {});

  /// The same with descriptors that stay the caller's; the queue, if it comes to that, holds copies. Every
  /// error ends the channel.
  error_code send_lent(const message& what, std::span<const int> descriptors);

  /// Sets what is called after each turn of reading, when all that came in it has been handed over.
  void on_turn_end(std::function<void()> handler) { on_turn_end_ = std::move(handler); }

  /// Sets what is called when messages were queued and all of them have been sent since.
  void on_room(std::function<void()> handler) { on_room_ = std::move(handler); }

  /// Reads no more; closes when everything queued has been sent, or cannot be.
  void finish();

  /// Hands over what has already arrived (bounded), as if it had become readable now; the end is not
  /// reported. For the last words of a peer that is known to be dead.
  void read_pending();

  /// Closes without a call of on_end. Messages still queued are dropped.
  void close();
  bool is_open() const noexcept { return socket_.is_open(); }
  std::size_t queued() const noexcept { return queue_.size(); }
  std::size_t queued_bytes() const noexcept { return queued_bytes_; }

 private:
  struct outgoing {
    std::vector<std::byte> data;
    std::vector<os::unique_fd> descriptors;
  };

  struct handlers {
    message_handler on_message;
    end_handler on_end;
  };

  void wait_readable();
  void read_messages();
  bool take_one(error_code& ec);
  error_code prepare(const message& what, std::size_t descriptors, outgoing& next) const;
  error_code write(const outgoing& next);
  error_code put_off(outgoing next);
  error_code give_up(const error_code& why);
  void flush();
  void wait_for_room(const error_code& why);
  void end(error_code why);

  boost::asio::basic_seq_packet_socket<boost::asio::generic::seq_packet_protocol,
                                       boost::asio::any_io_executor>
      socket_;
  channel_limits limits_;
  std::shared_ptr<const handlers> handlers_;  ///< shared, as a running one may close the channel
  std::deque<outgoing> queue_;
  std::size_t queued_bytes_ = 0;
  std::function<void()> on_room_;
  std::function<void()> on_turn_end_;
  boost::asio::steady_timer pause_;
  bool waiting_for_room_ = false;
  bool finishing_ = false;
};

}  // namespace cluster::ipc
