// SPDX-License-Identifier: BSL-1.0
#include "unit/ipc/channel_pair.hpp"

using namespace cluster;
using namespace cluster::test;

namespace {

std::vector<os::unique_fd> some_files(std::size_t count) {
  std::vector<os::unique_fd> files;
  for (std::size_t i = 0; i < count; ++i) files.push_back(null_device());
  return files;
}

}  // namespace

TEST_CASE("descriptors are delivered with their message and owned by the receiver") {
  const std::size_t before = descriptor_count();
  {
    channel_and_peer it;
    REQUIRE_FALSE(it.say(ipc::adopt{}, 1));
    REQUIRE_FALSE(it.say(ipc::ready{}));
    REQUIRE_FALSE(it.say(full_welcome(3), 3));
    const std::size_t open_now = descriptor_count();
    it.run();
    REQUIRE(it.end.descriptors.size() == 3);
    CHECK(it.end.descriptors[0].size() == 1);
    CHECK(it.end.descriptors[1].empty());
    CHECK(it.end.descriptors[2].size() == 3);
    CHECK(descriptor_count() == open_now + 4);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("sent descriptors are closed here once the kernel has them") {
  const std::size_t before = descriptor_count();
  {
    channel_and_peer it;
    const std::size_t open_now = descriptor_count();
    REQUIRE_FALSE(it.end.channel->send(ipc::drain{}, some_files(5)));
    CHECK(descriptor_count() == open_now);
    const arrived message = receive(it.peer());
    CHECK(message.message.descriptors.size() == 5);
    ipc::decoded result;
    REQUIRE_FALSE(ipc::decode(bytes(message.text), result));
    CHECK(result.descriptors == 5);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a queue owns its descriptors until they are sent or the channel is closed") {
  const std::size_t before = descriptor_count();
  {
    channel_and_peer it;
    while (it.end.channel->queued() == 0) REQUIRE_FALSE(it.end.channel->send(ipc::ready{}));
    const std::size_t open_now = descriptor_count();
    REQUIRE_FALSE(it.end.channel->send(ipc::drain{}, some_files(7)));
    CHECK(descriptor_count() == open_now + 7);
    SECTION("sent when there is room") {
      std::size_t delivered = 0;
      while (delivered == 0) {
        it.run();
        for (;;) {
          const arrived next = receive(it.peer());
          if (next.ec) break;
          delivered += next.message.descriptors.size();
        }
      }
      CHECK(delivered == 7);
      CHECK(it.end.channel->queued() == 0);
      CHECK(descriptor_count() == open_now);
    }
    SECTION("closed with the channel") {
      it.end.channel->close();
      it.run();
      CHECK(descriptor_count() < open_now);
    }
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("descriptors that cannot be sent are closed") {
  const std::size_t before = descriptor_count();
  {
    channel_and_peer it;
    const std::size_t open_now = descriptor_count();
    CHECK(it.end.channel->send(ipc::drain{}, some_files(254)) == error::message_too_large);
    CHECK(descriptor_count() == open_now);
    CHECK_FALSE(it.end.channel->send(ipc::drain{}, some_files(253)));
    CHECK(receive(it.peer()).message.descriptors.size() == 253);
    it.pair.other.reset();
    const std::size_t without_peer = descriptor_count();
    CHECK(it.end.channel->send(ipc::drain{}, some_files(3)) == error::channel_closed);
    CHECK(descriptor_count() == without_peer);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("descriptors of unknown messages are closed") {
  const std::size_t before = descriptor_count();
  {
    channel_and_peer it;
    const os::unique_fd file = null_device();
    octets unknown = encoded(ipc::ready{}, 4);
    unknown[4] = std::byte{0xEE};
    const std::size_t open_now = descriptor_count();
    REQUIRE_FALSE(os::send_message(it.peer(), unknown, copies(file, 4)));
    it.run();
    CHECK(descriptor_count() == open_now);
    CHECK(it.end.messages.empty());
    CHECK(it.end.ends.empty());
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("more or fewer descriptors than announced end the channel, and none leaks") {
  const std::size_t before = descriptor_count();
  {
    channel_and_peer it;
    const os::unique_fd file = null_device();
    const std::size_t open_now = descriptor_count();
    const auto [announced, sent] =
        GENERATE(table<std::size_t, std::size_t>({{2, 1}, {1, 2}, {0, 1}, {1, 0}, {255, 253}}));
    REQUIRE_FALSE(os::send_message(it.peer(), encoded(ipc::adopt{}, announced), copies(file, sent)));
    it.run();
    CAPTURE(announced, sent);
    CHECK(it.end.messages.empty());
    REQUIRE(it.end.ends.size() == 1);
    CHECK(it.end.ends[0] == error::descriptors_lost);
    CHECK_FALSE(it.end.channel->is_open());
    CHECK(descriptor_count() == open_now - 1);  // the channel's own socket
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("descriptors lost to the limit of open files end the channel, and none leaks") {
  const std::size_t before = descriptor_count();
  {
    channel_and_peer it;
    it.run();
    REQUIRE_FALSE(it.say(ipc::drain{}, 6));
    std::vector<os::unique_fd> fillers;
    {
      const os::unique_fd file = null_device();
      const open_files_guard narrow(static_cast<rlim_t>(*open_descriptors().rbegin()) + 5);
      for (;;) {
        os::unique_fd next(::dup(file.get()));
        if (!next) break;
        fillers.push_back(std::move(next));
      }
      fillers.pop_back();
      fillers.pop_back();
      it.run();
    }
    fillers.clear();
    REQUIRE(it.end.ends.size() == 1);
    CHECK(it.end.ends[0] == error::descriptors_lost);
    CHECK(it.end.messages.empty());
  }
  CHECK(descriptor_count() == before);
}
