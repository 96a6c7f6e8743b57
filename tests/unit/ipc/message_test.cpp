// SPDX-License-Identifier: BSL-1.0
#include "ipc/message.hpp"
#include "support/catch.hpp"
#include "unit/ipc/messages.hpp"

#include <map>

using namespace cluster;
using namespace cluster::test;

namespace {

template <class Body>
Body through(const Body& what, std::size_t descriptors = 0) {
  ipc::decoded result;
  REQUIRE_FALSE(ipc::decode(encoded(what, descriptors), result));
  REQUIRE(result.known);
  CHECK(result.descriptors == descriptors);
  REQUIRE(std::holds_alternative<Body>(result.what));
  return std::get<Body>(result.what);
}

std::uint16_t type_of(const ipc::message& what) {
  const octets data = encoded(what);
  return static_cast<std::uint16_t>(static_cast<unsigned>(data[4]) | static_cast<unsigned>(data[5]) << 8);
}

}  // namespace

TEST_CASE("every message comes back as it went") {
  std::map<std::size_t, int> types;
  for (const ipc::message& each : sample_messages()) {
    ++types[each.index()];
    const octets data = encoded(each, 253, 0xDEADBEEF);
    INFO("type index " << each.index());
    REQUIRE(data.size() <= ipc::max_message_size);
    ipc::decoded result;
    REQUIRE_FALSE(ipc::decode(data, result));
    CHECK(result.known);
    CHECK(result.what.index() == each.index());
    CHECK(result.descriptors == 253);
    CHECK(result.correlation == 0xDEADBEEF);
    CHECK(encoded(result.what, 253, 0xDEADBEEF) == data);
  }
  CHECK(types.size() == std::variant_size_v<ipc::message>);  // a new type needs a sample
}

TEST_CASE("hello says who speaks which protocol") {
  ipc::hello what;
  what.protocol = 0xFFFF'FFFF;
  what.worker = {0xFFFF'FFFF'FFFF'FFFF};
  what.library_version = "12.34.56";
  const ipc::hello back = through(what);
  CHECK(back.protocol == what.protocol);
  CHECK(back.worker == what.worker);
  CHECK(back.library_version == what.library_version);
  CHECK(through(ipc::hello{}).protocol == ipc::protocol_version);
}

TEST_CASE("welcome carries identity and listeners in their order") {
  const ipc::welcome what = full_welcome(64);
  const ipc::welcome back = through(what, 64);
  CHECK(back.protocol == ipc::protocol_version);
  CHECK(back.worker == what.worker);
  CHECK(back.slot == what.slot);
  CHECK(back.generation == what.generation);
  CHECK(back.name == what.name);
  CHECK(back.level == log_level::off);
  CHECK(back.format == log_format::json);
  CHECK(back.drain_timeout == what.drain_timeout);
  CHECK(back.load_board);
  CHECK_FALSE(back.statistics);
  CHECK(back.heartbeat == what.heartbeat);
  CHECK(back.rendezvous == what.rendezvous);
  CHECK(back.orphan_timeout == what.orphan_timeout);
  CHECK(back.tls == 4321);
  CHECK(back.trusted_proxies == what.trusted_proxies);
  CHECK(back.forwarded == 2);
  CHECK(through(ipc::welcome{}).tls == 0);
  CHECK_FALSE(through(ipc::welcome{}).load_board);
  CHECK(back.probe == what.probe);
  CHECK(through(ipc::welcome{}).probe.empty());
  ipc::welcome counted;
  counted.statistics = true;
  CHECK(through(counted).statistics);
  REQUIRE(back.listeners.size() == 64);
  for (std::size_t i = 0; i < 64; ++i) {
    CHECK(back.listeners[i].name == what.listeners[i].name);
    CHECK(back.listeners[i].uri == what.listeners[i].uri);
    CHECK(back.listeners[i].kind == what.listeners[i].kind);
    CHECK(back.listeners[i].port == what.listeners[i].port);
    CHECK(back.listeners[i].tls == what.listeners[i].tls);
    CHECK(back.listeners[i].proxy == what.listeners[i].proxy);
    CHECK(back.listeners[i].number == what.listeners[i].number);
    CHECK(back.listeners[i].inherited == what.listeners[i].inherited);
    CHECK(back.listeners[i].native_handle == -1);  // a number of another process means nothing here
  }
}

TEST_CASE("every reason, level and format comes through") {
  for (int value = 0; value <= static_cast<int>(exit_reason::orphaned); ++value) {
    ipc::drain what;
    what.reason = static_cast<exit_reason>(value);
    CHECK(through(what).reason == what.reason);
  }
  for (int value = 0; value <= static_cast<int>(log_level::off); ++value) {
    ipc::welcome what;
    what.level = static_cast<log_level>(value);
    CHECK(through(what).level == what.level);
  }
}

TEST_CASE("times are never negative and never longer than a year") {
  ipc::drain what;
  what.remaining = std::chrono::milliseconds(-5);
  CHECK(through(what).remaining.count() == 0);
  what.remaining = std::chrono::milliseconds::max();
  CHECK(through(what).remaining == std::chrono::hours(24 * 366));
  what.remaining = std::chrono::milliseconds(1);
  what.soft = std::chrono::milliseconds(0);
  CHECK(through(what).remaining.count() == 1);
  CHECK(through(what).soft.count() == 0);
}

TEST_CASE("long texts are cut, so the report of a failure always fits") {
  ipc::handler_failure what;
  what.where = std::string(1'000'000, 'w');
  what.what = std::string(1'000'000, 'x');
  CHECK(encoded(what).size() <= ipc::max_message_size);
  const ipc::handler_failure back = through(what);
  CHECK(back.where == std::string(4096, 'w'));
  CHECK(back.what == std::string(4096, 'x'));
}

TEST_CASE("an offer at its limits fits and is not cut") {
  ipc::offer what;
  what.number = 0xFFFF'FFFF'FFFF'FFFF;
  what.unread = std::string(ipc::max_unread, '\0');
  what.state = std::string(ipc::max_state, '\xFF');
  CHECK(encoded(what, 1).size() <= ipc::max_message_size);
  const ipc::offer back = through(what, 1);
  CHECK(back.number == what.number);
  CHECK(back.unread == what.unread);
  CHECK(back.state == what.state);
}

TEST_CASE("a done says what the drain did") {
  const ipc::done back = through(ipc::done{.moved = 3, .finished = 0x1'0000'0000});
  CHECK(back.moved == 3);
  CHECK(back.finished == 0x1'0000'0000);
}

TEST_CASE("encoding appends and leaves what is there") {
  octets data = encoded(ipc::ready{});
  const octets first = data;
  ipc::encode(ipc::taken{5}, 0, data);
  const octets second = encoded(ipc::taken{5});
  REQUIRE(data.size() == first.size() + second.size());
  CHECK(std::equal(first.begin(), first.end(), data.begin()));
  CHECK(std::equal(second.begin(), second.end(), data.begin() + static_cast<std::ptrdiff_t>(first.size())));
}

TEST_CASE("the numbers on the wire never change") {
  CHECK(type_of(ipc::hello{}) == 1);
  CHECK(type_of(ipc::welcome{}) == 2);
  CHECK(type_of(ipc::note{}) == 16);
  CHECK(type_of(ipc::ready{}) == 3);
  CHECK(type_of(ipc::drain{}) == 4);
  CHECK(type_of(ipc::draining{}) == 5);
  CHECK(type_of(ipc::done{}) == 6);
  CHECK(type_of(ipc::handler_failure{}) == 7);
  CHECK(type_of(ipc::heirs{}) == 8);
  CHECK(type_of(ipc::adopt{}) == 9);
  CHECK(type_of(ipc::offer{}) == 10);
  CHECK(type_of(ipc::taken{}) == 11);
  CHECK(type_of(ipc::declined{}) == 12);
  CHECK(type_of(ipc::listen{}) == 26);
  CHECK(type_of(ipc::unlisten{}) == 27);
  CHECK(type_of(ipc::listener_answer{}) == 28);
}

TEST_CASE("the bytes of a hello are the documented ones") {
  ipc::hello what;
  what.protocol = 1;
  what.worker = {0x0102};
  what.library_version = "0.1";
  // clang-format off
  const unsigned char expected[] = {
      'C', 'L', 1, 5, 1, 0, 0, 0, 0x44, 0x33, 0x22, 0x11, 34, 0, 0, 0,  // header
      1, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,                            // protocol
      2, 8, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0,                            // worker
      18, 3, 0, 0, 0, '0', '.', '1'};                                   // library version
  // clang-format on
  const octets data = encoded(what, 5, 0x11223344);
  REQUIRE(data.size() == sizeof expected);
  for (std::size_t i = 0; i < data.size(); ++i) {
    CAPTURE(i);
    CHECK(static_cast<unsigned char>(data[i]) == expected[i]);
  }
}
