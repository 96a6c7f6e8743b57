// SPDX-License-Identifier: BSL-1.0
#include "unit/ipc/channel_pair.hpp"

using namespace cluster;
using namespace cluster::test;

TEST_CASE("the end is reported once, after everything that was sent") {
  const std::size_t before = descriptor_count();
  {
    channel_and_peer it;
    REQUIRE_FALSE(it.say(ipc::done{}));
    it.pair.other.reset();
    it.run();
    CHECK(it.end.messages.size() == 1);
    REQUIRE(it.end.ends.size() == 1);
    CHECK(it.end.ends[0] == error::channel_closed);
    CHECK_FALSE(it.end.channel->is_open());
    CHECK(it.end.channel->send(ipc::ready{}) == error::channel_closed);
    it.run();
    CHECK(it.end.ends.size() == 1);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a peer that died with unread input still delivers its last words") {
  channel_and_peer it;
  REQUIRE_FALSE(it.end.channel->send(ipc::drain{}));  // never read
  REQUIRE_FALSE(it.say(ipc::draining{}));
  REQUIRE_FALSE(it.say(ipc::done{}));
  it.pair.other.reset();
  it.run();
  REQUIRE(it.end.messages.size() == 2);
  CHECK(std::holds_alternative<ipc::draining>(it.end.messages[0]));
  CHECK(std::holds_alternative<ipc::done>(it.end.messages[1]));
  REQUIRE(it.end.ends.size() == 1);
  CHECK(it.end.ends[0] == error::channel_closed);
}

TEST_CASE("a send to a peer that died does not hide its last words") {
  channel_and_peer it;
  REQUIRE_FALSE(it.say(ipc::done{}));
  it.pair.other.reset();
  CHECK(it.end.channel->send(ipc::drain{}) == error::channel_closed);
  CHECK(it.end.ends.empty());
  it.run();
  CHECK(it.end.messages.size() == 1);
  CHECK(it.end.ends.size() == 1);
}

TEST_CASE("what is waiting can be read at once, without the report of the end") {
  channel_and_peer it;
  for (std::uint64_t i = 0; i < 100; ++i) REQUIRE_FALSE(it.say(ipc::taken{i}));
  it.pair.other.reset();
  it.end.channel->read_pending();
  REQUIRE(it.end.messages.size() == 100);
  CHECK(std::get<ipc::taken>(it.end.messages[99]).number == 99);
  CHECK(it.end.ends.empty());
  it.run();
  CHECK(it.end.messages.size() == 100);
  CHECK(it.end.ends.size() == 1);
}

TEST_CASE("reading what is waiting is bounded") {
  ipc::channel_limits limits;
  limits.reads_per_turn = 2;
  channel_and_peer it(limits);
  for (int i = 0; i < 100; ++i) REQUIRE_FALSE(it.say(ipc::ready{}));
  it.end.channel->read_pending();
  CHECK(it.end.messages.size() == 32);
  it.end.channel->close();
  it.end.channel->read_pending();
  CHECK(it.end.messages.size() == 32);
}

TEST_CASE("garbage ends the channel with protocol_error and nothing after it is heard") {
  channel_and_peer it;
  REQUIRE_FALSE(it.say(ipc::ready{}));
  REQUIRE_FALSE(os::send_message(it.peer(), bytes("GET / HTTP/1.1\r\n\r\n"), {}));
  REQUIRE_FALSE(it.say(ipc::ready{}));
  it.run();
  CHECK(it.end.messages.size() == 1);
  REQUIRE(it.end.ends.size() == 1);
  CHECK(it.end.ends[0] == error::protocol_error);
}

TEST_CASE("another framing ends the channel with protocol_version") {
  channel_and_peer it;
  octets other = encoded(ipc::ready{});
  other[2] = std::byte{9};
  REQUIRE_FALSE(os::send_message(it.peer(), other, {}));
  it.run();
  REQUIRE(it.end.ends.size() == 1);
  CHECK(it.end.ends[0] == error::protocol_version);
}

TEST_CASE("a message longer than any of ours ends the channel") {
  channel_and_peer it;
  octets longer = encoded(ipc::ready{});
  longer.resize(ipc::max_message_size + 1);
  const std::size_t body = longer.size() - ipc::header_size;
  for (std::size_t i = 0; i < 4; ++i) longer[12 + i] = static_cast<std::byte>(body >> (8 * i) & 0xFF);
  REQUIRE_FALSE(os::send_message(it.peer(), longer, {}));
  it.run();
  CHECK(it.end.messages.empty());
  CHECK(it.end.ends.size() == 1);
}

TEST_CASE("a channel closed by its owner is silent") {
  const std::size_t before = descriptor_count();
  {
    channel_and_peer it;
    REQUIRE_FALSE(it.say(ipc::adopt{}, 3));
    it.end.channel->close();
    it.end.channel->close();
    it.run();
    CHECK(it.end.messages.empty());
    CHECK(it.end.ends.empty());
    CHECK(it.end.channel->send(ipc::ready{}) == error::channel_closed);
    CHECK(receive(it.peer()).ec == error::channel_closed);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a channel may be closed, and forgotten, inside its own handlers") {
  const std::size_t before = descriptor_count();
  {
    boost::asio::io_context context;
    message_pair pair;
    auto channel = std::make_shared<ipc::channel>(context.get_executor(), std::move(pair.one));
    const std::weak_ptr<ipc::channel> watched = channel;
    int heard = 0;
    int ended = 0;
    // Owned by the handler, so that a handler destroyed while it runs would be seen by the sanitizers.
    const std::string long_lived(1000, 'x');
    std::string after;
    channel->start(
        [&, long_lived](const ipc::message&, std::vector<os::unique_fd> received) {
          ++heard;
          CHECK(received.size() == 2);
          channel->close();
          channel.reset();
          after = long_lived;
        },
        [&](error_code) { ++ended; });
    const os::unique_fd file = null_device();
    for (int i = 0; i < 3; ++i)
      REQUIRE_FALSE(os::send_message(pair.other.get(), encoded(ipc::heirs{}, 2), copies(file, 2)));
    context.run();
    CHECK(heard == 1);
    CHECK(ended == 0);
    CHECK(after.size() == 1000);
    CHECK(watched.expired());
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("the end handler may forget the channel") {
  boost::asio::io_context context;
  message_pair pair;
  auto channel = std::make_shared<ipc::channel>(context.get_executor(), std::move(pair.one));
  const std::weak_ptr<ipc::channel> watched = channel;
  channel->start([](const ipc::message&, std::vector<os::unique_fd>) {},
                 [&](error_code) { channel.reset(); });
  pair.other.reset();
  context.run();
  CHECK(watched.expired());
}
