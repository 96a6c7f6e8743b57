// SPDX-License-Identifier: BSL-1.0
// A peer that reads slowly or never.
#include "unit/ipc/channel_pair.hpp"
#include "unit/os/other_user.hpp"

#include <sys/resource.h>
#include <time.h>

#include <chrono>

using namespace cluster;
using namespace cluster::test;

namespace {

ipc::offer large_message() {
  ipc::offer what;
  what.unread = std::string(40'000, 'x');
  return what;
}

/// Sends until the channel refuses; how many it took.
std::size_t fill(ipc::channel& channel, const ipc::message& what, error_code& refusal) {
  std::size_t taken = 0;
  while (!(refusal = channel.send(what))) {
    ++taken;
    REQUIRE(taken < 100'000);
  }
  return taken;
}

}  // namespace

TEST_CASE("a peer that never reads costs the bounded queue, then its channel") {
  const std::size_t before = descriptor_count();
  {
    channel_and_peer it;
    error_code refusal;
    fill(*it.end.channel, ipc::ready{}, refusal);
    CHECK(refusal == error::queue_full);
    CHECK(it.end.channel->queued() == ipc::channel_limits{}.queued_messages);
    CHECK(it.end.ends.empty());  // not from inside send
    CHECK(it.end.channel->send(ipc::ready{}) == error::queue_full);
    CHECK(it.end.channel->queued() == ipc::channel_limits{}.queued_messages);
    it.run();
    REQUIRE(it.end.ends.size() == 1);
    CHECK(it.end.ends[0] == error::queue_full);
    CHECK(it.end.channel->queued() == 0);
    CHECK(it.end.channel->send(ipc::ready{}) == error::channel_closed);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("large messages are bounded by their bytes") {
  ipc::channel_limits limits;
  limits.queued_bytes = 200'000;
  channel_and_peer it(limits);
  error_code refusal;
  fill(*it.end.channel, large_message(), refusal);
  CHECK(refusal == error::queue_full);
  CHECK(it.end.channel->queued() == 4);  // 4 times 40 000 and a bit; a fifth is over the limit
}

TEST_CASE("a queue's bytes are free again when they are sent") {
  ipc::channel_limits limits;
  limits.queued_bytes = 200'000;
  channel_and_peer it(limits);
  std::size_t sent = 0;
  std::size_t arrived_ones = 0;
  for (int round = 0; round < 50; ++round) {
    while (it.end.channel->queued() < 4) {
      REQUIRE_FALSE(it.end.channel->send(large_message()));
      ++sent;
    }
    while (it.end.channel->queued() != 0) {
      while (!receive(it.peer()).ec) ++arrived_ones;
      it.run();
    }
  }
  while (!receive(it.peer()).ec) ++arrived_ones;
  CHECK(arrived_ones == sent);
  CHECK(sent > 200);
  CHECK(it.end.ends.empty());
}

TEST_CASE("a slow reader gets everything in order") {
  channel_and_peer it;
  std::uint64_t next_sent = 0;
  std::uint64_t next_read = 0;
  while (next_read < 3000) {
    while (next_sent < 3000 && it.end.channel->queued() < 100)
      REQUIRE_FALSE(it.end.channel->send(ipc::taken{next_sent++}));
    for (int i = 0; i < 7; ++i) {
      const arrived message = receive(it.peer());
      if (message.ec) break;
      ipc::decoded result;
      REQUIRE_FALSE(ipc::decode(bytes(message.text), result));
      REQUIRE(std::get<ipc::taken>(result.what).number == next_read);
      ++next_read;
    }
    it.run();
  }
  CHECK(it.end.channel->queued() == 0);
}

TEST_CASE("a channel whose peer died with a full queue ends once and keeps nothing") {
  const std::size_t before = descriptor_count();
  {
    channel_and_peer it;
    while (it.end.channel->queued() < 50) {
      std::vector<os::unique_fd> files;
      files.push_back(null_device());
      REQUIRE_FALSE(it.end.channel->send(ipc::adopt{}, std::move(files)));
    }
    REQUIRE_FALSE(it.say(ipc::done{}));
    it.pair.other.reset();
    it.run();
    CHECK(it.end.messages.size() == 1);
    REQUIRE(it.end.ends.size() == 1);
    CHECK(it.end.ends[0] == error::channel_closed);
    CHECK(it.end.channel->queued() == 0);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a message that is too large is refused alone") {
  channel_and_peer it;
  ipc::offer what;
  what.unread = std::string(ipc::max_message_size, 'x');
  CHECK(it.end.channel->send(what) == error::message_too_large);
  CHECK_FALSE(it.end.channel->send(ipc::ready{}));
  it.run();
  CHECK(it.end.ends.empty());
  CHECK(receive(it.peer()).message.size == ipc::header_size);
  CHECK(receive(it.peer()).ec);
}

TEST_CASE("with too many descriptors under way the channel waits, and does not spin") {
  constexpr rlim_t few = 64;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  bool passed_on = false;
  std::chrono::nanoseconds used{0};
  std::size_t arrived = 0;
  std::size_t queued = 0;
  const auto work = [&] {
    channel_and_peer it;
    const rlimit low{few, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &low);
    for (rlim_t i = 0; i < 2 * few && it.end.channel->queued() < 4; ++i) {
      std::vector<os::unique_fd> one;
      one.push_back(null_device());
      if (it.end.channel->send(ipc::heirs{}, std::move(one))) return;
    }
    queued = it.end.channel->queued();
    timespec begun{};
    timespec over{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
    it.context.restart();
    it.context.run_for(std::chrono::milliseconds(200));
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &over);
    used = std::chrono::seconds(over.tv_sec - begun.tv_sec) +
           std::chrono::nanoseconds(over.tv_nsec - begun.tv_nsec);
    // The peer reads, and what waited follows.
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (it.end.channel->queued() != 0 && std::chrono::steady_clock::now() < give_up) {
      while (!receive(it.peer()).ec) ++arrived;
      it.context.restart();
      it.context.run_for(std::chrono::milliseconds(20));
    }
    while (!receive(it.peer()).ec) ++arrived;
    passed_on = it.end.channel->queued() == 0;
  };
  const bool tried = test::without_privileges(work);
  ::setrlimit(RLIMIT_NOFILE, &before);
  REQUIRE(tried);
  REQUIRE(queued != 0);  // or the limit was not met
  CHECK(used < std::chrono::milliseconds(50));
  CHECK(passed_on);
  CHECK(arrived > few);
}

TEST_CASE("a lent descriptor stays its owner's, sent or queued") {
  const std::size_t before = descriptor_count();
  {
    channel_and_peer it;
    const os::unique_fd lent = null_device();
    const std::array twice{lent.get(), lent.get()};
    std::size_t sent = 0;
    const std::size_t open_now = descriptor_count();
    for (; it.end.channel->queued() == 0; ++sent) {
      CHECK(descriptor_count() == open_now);
      REQUIRE_FALSE(it.end.channel->send_lent(ipc::adopt{}, twice));
    }
    CHECK(descriptor_count() == open_now + 2);
    for (std::size_t i = 0; i < sent; ++i) {
      const arrived message = receive(it.peer());
      REQUIRE_FALSE(message.ec);
      CHECK(message.message.descriptors.size() == 2);
      it.run();
    }
    CHECK(descriptor_count() == open_now);
    CHECK(::fcntl(lent.get(), F_GETFD) >= 0);
    it.end.channel->close();
    CHECK(it.end.channel->send_lent(ipc::adopt{}, twice) == error::channel_closed);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("the end of a turn of reading is told after all that came in it") {
  channel_and_peer it;
  std::vector<std::size_t> seen;
  it.end.channel->on_turn_end([&] { seen.push_back(it.end.messages.size()); });
  for (int i = 0; i < 3; ++i) REQUIRE_FALSE(it.say(ipc::ready{}));
  it.run();
  REQUIRE_FALSE(it.say(ipc::ready{}));
  it.run();
  CHECK(seen == std::vector<std::size_t>{3, 4});
}
