// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "unit/ipc/messages.hpp"
#include "unit/os/message_pair.hpp"
#include "worker/mover.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cluster::test {

/// A connection as far as moving goes: any descriptor will do.
inline moving_connection connection(std::string unread) {
  return {null_device().release(), std::move(unread), {}, false};
}

struct received_offer {
  ipc::offer what;
  std::vector<os::unique_fd> descriptors;
};

inline received_offer next_offer(const os::unique_fd& line) {
  arrived message = receive(line.get());
  REQUIRE_FALSE(message.ec);
  ipc::decoded result;
  REQUIRE_FALSE(ipc::decode(bytes(message.text), result));
  REQUIRE(std::holds_alternative<ipc::offer>(result.what));
  return {std::get<ipc::offer>(result.what), std::move(message.message.descriptors)};
}

inline int count_offers(const os::unique_fd& line) {
  int count = 0;
  while (!receive(line.get()).ec) ++count;
  return count;
}

inline void answer(const os::unique_fd& line, const ipc::message& what) {
  REQUIRE_FALSE(os::send_message(line.get(), encoded(what), {}));
}

/// A mover with its loop, and everything that arrives at it.
struct giver {
  boost::asio::io_context context;
  std::shared_ptr<mover> moves = std::make_shared<mover>(context);
  std::vector<moving_connection> back;
  bool wanted = true;
  int changes = 0;

  giver() {
    moves->on_arrival([this](moving_connection&& arrived) {
      if (wanted) back.push_back(std::move(arrived));
      return wanted;
    });
    moves->on_change([this] { ++changes; });
  }
  giver(const giver&) = delete;
  giver& operator=(const giver&) = delete;
  ~giver() {
    moves->close();
    run();
    for (const moving_connection& each : back)
      if (each.fd >= 0) ::close(each.fd);
  }

  void run() {
    context.restart();
    while (context.poll() != 0) {}
  }
  /// The other end of a new line.
  os::unique_fd add_heir() {
    message_pair pair;
    moves->add_heir(std::move(pair.one));
    return std::move(pair.other);
  }
  os::unique_fd add_source() {
    message_pair pair;
    moves->add_source(std::move(pair.one));
    return std::move(pair.other);
  }
};

}  // namespace cluster::test
