// SPDX-License-Identifier: BSL-1.0
// The side that takes connections over; the draining workers are bare sockets in the test's hand.
#include "unit/worker/moving.hpp"

using namespace cluster;
using namespace cluster::test;

namespace {

void offer(const os::unique_fd& line, std::uint64_t number, std::size_t descriptors = 1) {
  const os::unique_fd file = null_device();
  ipc::offer what;
  what.number = number;
  what.unread = "unread " + std::to_string(number);
  what.state = "state";
  REQUIRE_FALSE(os::send_message(line.get(), encoded(what, descriptors), copies(file, descriptors)));
}

template <class Body>
Body next_answer(const os::unique_fd& line) {
  const arrived message = receive(line.get());
  REQUIRE_FALSE(message.ec);
  ipc::decoded result;
  REQUIRE_FALSE(ipc::decode(bytes(message.text), result));
  REQUIRE(std::holds_alternative<Body>(result.what));
  return std::get<Body>(result.what);
}

}  // namespace

TEST_CASE("an offered connection arrives whole and is acknowledged") {
  const std::size_t before = descriptor_count();
  {
    giver it;
    const os::unique_fd source = it.add_source();
    for (std::uint64_t number : {5U, 6U}) offer(source, number);
    it.run();
    REQUIRE(it.back.size() == 2);
    CHECK(it.back[0].unread == "unread 5");
    CHECK(it.back[0].state == "state");
    CHECK_FALSE(it.back[0].returned);
    CHECK((::fcntl(it.back[0].fd, F_GETFD) & FD_CLOEXEC) != 0);
    const auto answer = next_answer<ipc::taken>(source);  // one for all that came in a turn
    CHECK(answer.since == 5);
    CHECK(answer.number == 6);
    CHECK(receive(source.get()).ec);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a connection is acknowledged before anybody reads from it") {
  giver it;
  const os::unique_fd source = it.add_source();
  bool acknowledged = false;
  int arrived = 0;
  it.moves->on_arrival([&](moving_connection&&) {
    if (!acknowledged) acknowledged = next_answer<ipc::taken>(source).number == 2;
    CHECK(acknowledged);
    ++arrived;
    return false;
  });
  offer(source, 1);
  offer(source, 2);
  it.run();
  CHECK(arrived == 2);
}

TEST_CASE("a worker that drains itself declines, and one without a handler too") {
  const std::size_t before = descriptor_count();
  {
    giver it;
    const os::unique_fd source = it.add_source();
    SECTION("draining") { it.moves->take_no_more(); }
    SECTION("no handler") { it.moves->on_arrival({}); }
    const std::size_t open_now = descriptor_count();
    offer(source, 9);
    it.run();
    CHECK(next_answer<ipc::declined>(source).number == 9);
    CHECK(it.back.empty());
    CHECK(descriptor_count() == open_now);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("those that travel together arrive one by one, and the octets are the first one's") {
  const std::size_t before = descriptor_count();
  {
    giver it;
    const os::unique_fd source = it.add_source();
    offer(source, 7, 3);
    offer(source, 10);
    it.run();
    REQUIRE(it.back.size() == 4);
    CHECK(it.back[0].unread == "unread 7");
    CHECK(it.back[1].unread.empty());
    CHECK(it.back[2].state.empty());
    CHECK(it.back[3].unread == "unread 10");
    const auto answer = next_answer<ipc::taken>(source);
    CHECK(answer.since == 7);
    CHECK(answer.number == 10);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("an offer without a connection, or with too many, is nothing to take") {
  giver it;
  const os::unique_fd source = it.add_source();
  const std::size_t open_now = descriptor_count();
  offer(source, 1, 0);
  offer(source, 2, ipc::max_offered + 1);
  it.run();
  CHECK(it.back.empty());
  CHECK(receive(source.get()).ec);
  CHECK(descriptor_count() == open_now);
  offer(source, 3);
  offer(source, 4, 0);
  offer(source, 5);
  it.run();
  CHECK(it.back.size() == 2);
  for (const std::uint64_t number : {3U, 5U}) {  // no answer reaches over the one that was not taken
    const auto answer = next_answer<ipc::taken>(source);
    CHECK(answer.number == number);
    CHECK(answer.since == number);
  }
}

TEST_CASE("a source that is gone before it hears the answer is taken back from") {
  // It keeps what nobody acknowledged, so the connection must not be served by both.
  const std::size_t before = descriptor_count();
  {
    giver it;
    os::unique_fd source = it.add_source();
    offer(source, 1);
    source.reset();
    it.run();
    CHECK(it.back.empty());
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("garbage from one source leaves the others alone") {
  const std::size_t before = descriptor_count();
  {
    giver it;
    const os::unique_fd bad = it.add_source();
    const os::unique_fd good = it.add_source();
    REQUIRE_FALSE(os::send_message(bad.get(), bytes("garbage"), {}));
    offer(good, 1);
    it.run();
    CHECK(receive(bad.get()).ec == error::channel_closed);
    CHECK(it.back.size() == 1);
  }
  CHECK(descriptor_count() == before);
}
