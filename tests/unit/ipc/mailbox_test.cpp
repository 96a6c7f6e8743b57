// SPDX-License-Identifier: BSL-1.0
// Application messages on their way into a channel: what waits, what is refused, and that nothing leaks.
#include "ipc/mailbox.hpp"
#include "unit/ipc/channel_pair.hpp"

#include <fcntl.h>

#include <array>

using namespace cluster;
using namespace cluster::test;

namespace {

struct sender : channel_and_peer {
  std::shared_ptr<ipc::mailbox> mail = std::make_shared<ipc::mailbox>(context.get_executor(), end.channel);
  std::vector<error_code> results;

  sender() { mail->start(); }
  void send(std::string data, std::size_t descriptors = 0) {
    message what{std::move(data), {}};
    for (std::size_t i = 0; i < descriptors; ++i)
      what.descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    mail->send({}, std::move(what), [this](error_code ec) { results.push_back(ec); });
  }
  /// The next message at the peer; false if there is none.
  bool receive(message& out) {
    std::array<std::byte, ipc::max_message_size> buffer;
    os::received_message got;
    if (os::receive_message(peer(), buffer, got)) return false;
    ipc::decoded decoded;
    REQUIRE_FALSE(ipc::decode(std::span(buffer).first(got.size), decoded));
    REQUIRE(std::holds_alternative<ipc::note>(decoded.what));
    REQUIRE(decoded.descriptors == got.descriptors.size());
    REQUIRE_FALSE(ipc::open_note(std::get<ipc::note>(decoded.what), std::move(got.descriptors), out));
    return true;
  }
};

}  // namespace

TEST_CASE("small and large messages arrive whole, with their descriptors", "[mailbox]") {
  const std::size_t before = descriptor_count();
  {
    const std::size_t size = GENERATE(as<std::size_t>{}, 0, 1, 32 * 1024, 32 * 1024 + 1, 3'000'000);
    const std::size_t count = GENERATE(as<std::size_t>{}, 0, 1, 16);
    sender it;
    std::string data(size, 'x');
    if (size != 0) data.back() = '\0';
    it.send(data, count);
    it.run();
    REQUIRE(it.results.size() == 1);
    CHECK_FALSE(it.results[0]);
    message got;
    REQUIRE(it.receive(got));
    CHECK(got.data == data);
    CHECK(got.descriptors.size() == count);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("too much for one message is refused, and costs nothing", "[mailbox]") {
  const std::size_t before = descriptor_count();
  {
    sender it;
    it.send(std::string(max_message_data + 1, 'x'));
    it.send("x", max_message_descriptors + 1);
    it.run();
    REQUIRE(it.results.size() == 2);
    for (const error_code& each : it.results) CHECK(each == error::message_too_large);
    message got;
    CHECK_FALSE(it.receive(got));
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a peer that does not read makes senders wait; when it reads, all arrives in order", "[mailbox]") {
  const std::size_t before = descriptor_count();
  {
    sender it;
    std::size_t sent = 0;
    while (it.mail->waiting() < 100) {
      it.send(std::to_string(sent), sent % 50 == 0 ? 1 : 0);
      REQUIRE(++sent < 100'000);
    }
    it.run();
    CHECK(it.results.size() == sent - 100);  // those that wait are not complete: that is the back-pressure
    CHECK(it.end.channel->queued() <= 40);   // the protocol's own messages still have room
    CHECK(it.end.channel->send(ipc::ready{}) == error_code());
    std::size_t received = 0;
    std::array<std::byte, ipc::max_message_size> buffer;
    for (int idle = 0; idle < 3;) {
      os::received_message got;
      if (os::receive_message(it.peer(), buffer, got)) {
        it.run();
        ++idle;
        continue;
      }
      idle = 0;
      ipc::decoded decoded;
      REQUIRE_FALSE(ipc::decode(std::span(buffer).first(got.size), decoded));
      if (const auto* letter = std::get_if<ipc::note>(&decoded.what)) {
        REQUIRE(letter->data == std::to_string(received));
        ++received;
      }
    }
    CHECK(received == sent);
    CHECK(it.results.size() == sent);
    CHECK(it.mail->waiting() == 0);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("what waits is bounded; the one too many is refused and the channel lives", "[mailbox]") {
  sender it;
  while (it.mail->waiting() < ipc::mailbox::most_waiting) it.send("x");
  it.run();
  it.results.clear();
  it.send("one too many");
  it.run();
  REQUIRE(it.results.size() == 1);
  CHECK(it.results[0] == error::queue_full);
  CHECK(it.end.channel->is_open());
}

TEST_CASE("large ones count by their content", "[mailbox]") {
  sender it;
  while (it.mail->waiting() == 0) it.send("x");
  it.run();
  it.results.clear();
  it.send(std::string(40'000'000, 'x'));
  it.send(std::string(40'000'000, 'x'));
  it.run();
  REQUIRE(it.results.size() == 1);
  CHECK(it.results[0] == error::queue_full);
}

TEST_CASE("nothing leaks when the receiver dies with messages on their way", "[mailbox]") {
  const std::size_t before = descriptor_count();
  {
    sender it;
    while (it.mail->waiting() < 50) it.send(std::string(100'000, 'x'), 2);
    const std::size_t done = it.results.size();
    it.pair.other.reset();
    it.run();
    it.mail->fail(make_error_code(error::worker_unavailable));
    it.run();
    CHECK(it.results.size() > done);
    CHECK(it.mail->waiting() == 0);
    CHECK(it.results.back());
    it.send("after the end");
    it.run();
    CHECK(it.results.back() == error::channel_closed);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a note whose content is no sealed file is refused", "[mailbox]") {
  ipc::note head;
  head.bulk = 5;
  message out;
  CHECK(ipc::open_note(head, {}, out) == error::protocol_error);
  std::vector<os::unique_fd> files;
  files.emplace_back(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  head.bulk = 5;
  CHECK(ipc::open_note(head, std::move(files), out) == error::protocol_error);
  head.bulk = max_message_data + 1;
  std::vector<os::unique_fd> others;
  others.emplace_back(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  CHECK(ipc::open_note(head, std::move(others), out) == error::protocol_error);
}

TEST_CASE("a channel that finishes sends what is queued and closes", "[channel]") {
  sender it;
  while (it.end.channel->queued() < 10) it.send("x");
  it.mail->fail(make_error_code(error::channel_closed));
  const std::size_t queued = it.end.channel->queued();
  it.end.channel->finish();
  CHECK(it.end.channel->is_open());
  message got;
  std::size_t received = 0;
  for (int i = 0; i < 10'000 && it.end.channel->is_open(); ++i) {
    while (it.receive(got)) ++received;
    it.run();
  }
  while (it.receive(got)) ++received;
  CHECK_FALSE(it.end.channel->is_open());
  CHECK(received >= queued);
  CHECK(it.end.ends.empty());
}
