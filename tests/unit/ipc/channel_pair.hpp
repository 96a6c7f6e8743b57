// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ipc/channel.hpp"
#include "support/catch.hpp"
#include "unit/ipc/messages.hpp"
#include "unit/os/message_pair.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace cluster::test {

/// What one end of a conversation has seen.
struct listening_end {
  std::shared_ptr<ipc::channel> channel;
  std::vector<ipc::message> messages;
  std::vector<std::vector<os::unique_fd>> descriptors;
  std::vector<error_code> ends;

  void start() {
    channel->start(
        [this](const ipc::message& what, std::vector<os::unique_fd> received) {
          messages.push_back(what);
          descriptors.push_back(std::move(received));
        },
        [this](error_code why) { ends.push_back(why); });
  }
};

/// A channel whose other end is in the test's hand: a bare socket.
struct channel_and_peer {
  boost::asio::io_context context;
  message_pair pair;
  listening_end end;

  explicit channel_and_peer(ipc::channel_limits limits = {}, bool started = true) {
    end.channel = std::make_shared<ipc::channel>(context.get_executor(), std::move(pair.one), limits);
    if (started) end.start();
  }
  channel_and_peer(const channel_and_peer&) = delete;
  channel_and_peer& operator=(const channel_and_peer&) = delete;
  ~channel_and_peer() {
    end.channel->close();
    run();
  }

  int peer() const { return pair.other.get(); }

  /// Everything that can be done without waiting.
  void run() {
    context.restart();
    while (context.poll() != 0) {}
  }

  /// As the peer.
  error_code say(const ipc::message& what, std::size_t count = 0) const {
    const os::unique_fd file = null_device();
    return os::send_message(peer(), encoded(what, count), copies(file, count));
  }
};

}  // namespace cluster::test
