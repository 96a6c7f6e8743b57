// SPDX-License-Identifier: BSL-1.0
#include "unit/ipc/channel_pair.hpp"

#include <boost/asio/steady_timer.hpp>

#include <utility>

using namespace cluster;
using namespace cluster::test;

namespace {

/// Two channels that talk to each other on one loop.
struct two_channels {
  boost::asio::io_context context;
  listening_end one;
  listening_end other;

  two_channels() {
    message_pair pair;
    one.channel = std::make_shared<ipc::channel>(context.get_executor(), std::move(pair.one));
    other.channel = std::make_shared<ipc::channel>(context.get_executor(), std::move(pair.other));
    one.start();
    other.start();
  }
  two_channels(const two_channels&) = delete;
  two_channels& operator=(const two_channels&) = delete;
  ~two_channels() {
    one.channel->close();
    other.channel->close();
    run();
  }
  void run() {
    context.restart();
    while (context.poll() != 0) {}
  }
};

}  // namespace

TEST_CASE("messages arrive in order, in both directions, more than a socket holds at once") {
  const std::size_t before = descriptor_count();
  {
    two_channels both;
    constexpr std::uint64_t count = 500;
    std::uint64_t sent = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (both.one.channel->queued() > 200) both.run();
      REQUIRE_FALSE(both.one.channel->send(ipc::taken{i}));
      if (i % 3 == 0) {
        REQUIRE_FALSE(both.other.channel->send(ipc::declined{i}));
        ++sent;
      }
    }
    both.run();
    REQUIRE(both.other.messages.size() == count);
    for (std::uint64_t i = 0; i < count; ++i)
      if (std::get<ipc::taken>(both.other.messages[i]).number != i) FAIL("out of order at " << i);
    REQUIRE(both.one.messages.size() == sent);
    for (std::uint64_t i = 0; i < sent; ++i)
      CHECK(std::get<ipc::declined>(both.one.messages[i]).number == 3 * i);
    CHECK(both.one.ends.empty());
    CHECK(both.other.ends.empty());
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("handlers run on the executor, never from inside start or send") {
  message_pair pair;
  REQUIRE_FALSE(os::send_message(pair.other.get(), encoded(ipc::ready{}), {}));
  channel_and_peer it({}, false);
  REQUIRE_FALSE(it.say(ipc::ready{}));
  it.end.start();
  CHECK(it.end.messages.empty());
  it.pair.other.reset();
  it.end.channel->send(ipc::ready{});
  CHECK(it.end.messages.empty());
  CHECK(it.end.ends.empty());
  it.run();
  CHECK(it.end.messages.size() == 1);
  CHECK(it.end.ends.size() == 1);
}

TEST_CASE("what is sent before the start arrives") {
  channel_and_peer it({}, false);
  REQUIRE_FALSE(it.end.channel->send(ipc::ready{}));
  CHECK(receive(it.peer()).message.size == ipc::header_size);
}

TEST_CASE("a flood gives way to others on the loop after each turn") {
  ipc::channel_limits limits;
  limits.reads_per_turn = 10;
  channel_and_peer it(limits, false);
  for (int i = 0; i < 100; ++i) REQUIRE_FALSE(it.say(ipc::ready{}));
  std::size_t before_others = 0;
  std::size_t count = 0;
  it.end.channel->start(
      [&](const ipc::message&, std::vector<os::unique_fd>) {
        if (++count == 1) boost::asio::post(it.context, [&] { before_others = count; });
      },
      [](error_code) {});
  it.run();
  CHECK(before_others == 10);
  CHECK(count == 100);
}

TEST_CASE("a peer that never stops sending does not starve a timer on the same loop") {
  channel_and_peer it({}, false);
  std::size_t count = 0;
  bool fired = false;
  it.end.channel->start(
      [&](const ipc::message&, std::vector<os::unique_fd>) {
        // As fast as it is read there is more: each message brings the next one.
        if (++count > 3'000'000) it.end.channel->close();
        it.say(ipc::ready{});
      },
      [](error_code) {});
  boost::asio::steady_timer timer(it.context, std::chrono::milliseconds(5));
  timer.async_wait([&](const error_code&) {
    fired = true;
    it.end.channel->close();
  });
  for (int i = 0; i < 50; ++i) REQUIRE_FALSE(it.say(ipc::ready{}));
  it.context.run();
  CHECK(fired);
  CHECK(count > 50);
  CHECK(count < 3'000'000);
}

TEST_CASE("unknown messages are skipped and the conversation goes on") {
  channel_and_peer it;
  octets unknown = encoded(ipc::ready{});
  unknown[4] = std::byte{0xEE};
  REQUIRE_FALSE(os::send_message(it.peer(), unknown, {}));
  REQUIRE_FALSE(it.say(ipc::taken{1}));
  it.run();
  REQUIRE(it.end.messages.size() == 1);
  CHECK(std::holds_alternative<ipc::taken>(it.end.messages[0]));
  CHECK(it.end.ends.empty());
}

TEST_CASE("a handler may answer, and may send more than the socket holds") {
  channel_and_peer it({}, false);
  it.end.channel->start(
      [&](const ipc::message& what, std::vector<os::unique_fd>) {
        for (int i = 0; i < 300; ++i) it.end.channel->send(what);
      },
      [](error_code) {});
  REQUIRE_FALSE(it.say(ipc::taken{77}));
  std::size_t answers = 0;
  for (int quiet = 0; quiet < 3; ++quiet) {
    it.run();
    while (!receive(it.peer()).ec) {
      ++answers;
      quiet = 0;
    }
  }
  CHECK(answers == 300);
}
