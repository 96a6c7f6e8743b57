// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ipc/channel.hpp"

#include <cluster/message.hpp>

#include <boost/asio/any_completion_handler.hpp>

#include <list>
#include <memory>
#include <vector>

namespace cluster::ipc {

/// The application's messages on their way into a channel: as many as fit, the rest waits here, bounded, with
/// its senders' completions. So a slow reader is felt by those who send to it, and the channel stays free for
/// the protocol's own messages.
class mailbox : public std::enable_shared_from_this<mailbox> {
 public:
  using sent_handler = boost::asio::any_completion_handler<void(error_code)>;

  static constexpr std::size_t most_waiting = 4096;
  static constexpr std::size_t most_waiting_bytes = 64 * 1024 * 1024;

  mailbox(boost::asio::any_io_executor executor, std::shared_ptr<channel> line);
  /// Once, after construction.
  void start();

  /// Completes (if the handler is not empty) when the channel has taken it: message_too_large, queue_full
  /// when too much waits already, channel_closed, a system error when there is no memory file to be had.
  void send(note head, cluster::message content, sent_handler done);
  /// The same for a note from elsewhere, as it came.
  void forward(note head, std::vector<os::unique_fd> descriptors, sent_handler done);
  /// Nothing more can be sent: those that wait fail with `why`.
  void fail(error_code why);

  std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  struct letter {
    note head;
    std::vector<os::unique_fd> descriptors;
    sent_handler done;
  };

  bool room() const noexcept;
  void pump();
  void complete(sent_handler done, error_code ec);

  boost::asio::any_io_executor executor_;
  std::shared_ptr<channel> line_;
  std::list<letter> waiting_;  ///< a list: its elements are never assigned
  std::size_t waiting_bytes_ = 0;
};

/// Puts a message into a note; what goes along with it is in `descriptors`.
error_code fill_note(note& head, cluster::message content, std::vector<os::unique_fd>& descriptors);

/// Makes the message out of a note and what came along. protocol_error: no version of this code sends that.
error_code open_note(note& head, std::vector<os::unique_fd> descriptors, cluster::message& out);

}  // namespace cluster::ipc
