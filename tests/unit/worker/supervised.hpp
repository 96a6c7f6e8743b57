// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ipc/environment.hpp"
#include "ipc/message.hpp"
#include "unit/ipc/messages.hpp"
#include "unit/os/message_pair.hpp"

#include <cluster/worker.hpp>

#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace cluster::test {

/// The marker in the environment for a scope, and the worker's end of a channel behind it.
class marked_channel {
 public:
  marked_channel() : marker_(ipc::channel_variable, std::to_string(pair.other.get()).c_str()) {}

  message_pair pair;  ///< `one` is the supervisor's; `other` goes to whoever reads the marker

  int supervisor() const { return pair.one.get(); }

  /// As the supervisor.
  error_code say(const ipc::message& what, std::size_t descriptors = 0) const {
    const os::unique_fd file = null_device();
    return os::send_message(supervisor(), encoded(what, descriptors), copies(file, descriptors));
  }
  /// The next message from the worker; nothing if there is none.
  std::optional<ipc::message> hear() const {
    const arrived message = receive(supervisor());
    if (message.ec) return std::nullopt;
    ipc::decoded result;
    REQUIRE_FALSE(ipc::decode(bytes(message.text), result));
    REQUIRE(result.known);
    return result.what;
  }
  template <class Body>
  Body hear_a() const {
    const auto what = hear();
    REQUIRE(what);
    REQUIRE(std::holds_alternative<Body>(*what));
    return std::get<Body>(*what);
  }

 private:
  environment_guard marker_;
};

inline ipc::welcome quiet_welcome() {
  ipc::welcome what;
  what.worker = {17};
  what.slot = {3};
  what.generation = {2};
  what.name = "shop";
  what.level = log_level::off;
  what.drain_timeout = std::chrono::seconds(30);
  return what;
}

/// The same as below, for a welcome that the test sends itself.
struct supervised_by_hand {
  boost::asio::io_context context;
  marked_channel channel;
  std::optional<worker> self;

  void begin() {
    self.emplace(context);
    static_cast<void>(channel.pair.other.release());  // the worker's now
    channel.hear_a<ipc::hello>();
  }
  void run() {
    context.restart();
    while (context.poll() != 0) {}
  }
};

/// A worker object in this process, with the supervisor's end in the test's hand.
struct supervised {
  boost::asio::io_context context;
  marked_channel channel;
  std::optional<worker> self;

  explicit supervised(const ipc::welcome& welcome = quiet_welcome()) {
    REQUIRE_FALSE(channel.say(welcome, welcome.listeners.size()));
    self.emplace(context);
    static_cast<void>(channel.pair.other.release());  // the worker's now
    channel.hear_a<ipc::hello>();
  }
  supervised(const supervised&) = delete;
  supervised& operator=(const supervised&) = delete;

  /// Everything that can be done without waiting.
  void run() {
    context.restart();
    while (context.poll() != 0) {}
  }
};

}  // namespace cluster::test
