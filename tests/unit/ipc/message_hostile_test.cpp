// SPDX-License-Identifier: BSL-1.0
// What a broken or hostile peer may send.
#include "ipc/fields.hpp"
#include "ipc/message.hpp"
#include "support/catch.hpp"
#include "unit/ipc/messages.hpp"

#include <functional>
#include <random>

using namespace cluster;
using namespace cluster::test;

namespace {

/// A message of any type with any body.
octets raw_message(std::uint16_t type, const octets& body) {
  octets data = encoded(ipc::ready{});
  data[4] = static_cast<std::byte>(type & 0xFF);
  data[5] = static_cast<std::byte>(type >> 8);
  for (std::size_t i = 0; i < 4; ++i) data[12 + i] = static_cast<std::byte>(body.size() >> (8 * i) & 0xFF);
  data.insert(data.end(), body.begin(), body.end());
  return data;
}

constexpr std::uint16_t hello_type = 1;
constexpr std::uint16_t welcome_type = 2;
constexpr std::uint16_t drain_type = 4;

octets body(const std::function<void(ipc::field_writer&)>& write) {
  octets data;
  ipc::field_writer fields(data);
  write(fields);
  return data;
}

error_code decode(const octets& data) {
  ipc::decoded result;
  return ipc::decode(data, result);
}

ipc::decoded accepted(const octets& data) {
  ipc::decoded result;
  REQUIRE_FALSE(ipc::decode(data, result));
  return result;
}

/// What was accepted must make sense: enumerators exist, times are bounded, and it can be sent again.
void check_sense(const ipc::decoded& result, std::size_t size) {
  const octets again = encoded(result.what, result.descriptors, result.correlation);
  ipc::decoded second;
  REQUIRE_FALSE(ipc::decode(again, second));
  REQUIRE(encoded(second.what, second.descriptors, second.correlation) == again);
  REQUIRE(result.descriptors <= 255);
  if (const auto* drain = std::get_if<ipc::drain>(&result.what)) {
    REQUIRE(drain->reason <= exit_reason::orphaned);
    REQUIRE(drain->remaining.count() >= 0);
    REQUIRE(drain->remaining <= std::chrono::hours(24 * 366));
  }
  if (const auto* welcome = std::get_if<ipc::welcome>(&result.what)) {
    REQUIRE(welcome->level <= log_level::off);
    REQUIRE(welcome->format <= log_format::json);
    REQUIRE(welcome->listeners.size() <= 64);
    for (const listener& each : welcome->listeners) {
      REQUIRE(each.kind <= listener::family::unix_socket);
      REQUIRE(each.native_handle == -1);
      REQUIRE(each.uri.size() <= size);
    }
  }
}

}  // namespace

TEST_CASE("a message cut anywhere is refused") {
  for (const ipc::message& each : sample_messages()) {
    const octets whole = encoded(each);
    const std::size_t step = whole.size() > 500 ? 13 : 1;
    for (std::size_t length = 0; length < whole.size(); length += step) {
      const octets part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      if (decode(part) != error::protocol_error) FAIL("accepted " << length << " of " << whole.size());
    }
  }
}

TEST_CASE("a message with bytes behind its end is refused") {
  for (const ipc::message& each : sample_messages()) {
    octets data = encoded(each);
    data.push_back(std::byte{0});
    CHECK(decode(data) == error::protocol_error);
  }
}

TEST_CASE("a body cut at any byte is refused unless it is cut between two fields") {
  const octets whole = encoded(full_welcome(2));
  const octets fields(whole.begin() + ipc::header_size, whole.end());
  std::size_t field_count = 0;
  ipc::field_reader all(fields);
  for (ipc::field each; all.next(each);) ++field_count;
  REQUIRE(field_count >= 10);
  std::size_t cuts_between = 0;
  for (std::size_t length = 0; length < fields.size(); ++length) {
    const octets part(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(length));
    ipc::field_reader reader(part);
    for (ipc::field each; reader.next(each);) {}
    CAPTURE(length);
    CHECK((decode(raw_message(welcome_type, part)) == error_code{}) == reader.ok());
    if (reader.ok()) ++cuts_between;
  }
  CHECK(cuts_between == field_count);  // before each field
}

TEST_CASE("another magic is no message of ours") {
  octets data = encoded(ipc::ready{});
  data[0] = std::byte{'G'};
  CHECK(decode(data) == error::protocol_error);
  data = encoded(ipc::ready{});
  data[1] = std::byte{'E'};
  CHECK(decode(data) == error::protocol_error);
  CHECK(decode({}) == error::protocol_error);
}

TEST_CASE("another framing version is told from garbage") {
  for (const int version : {0, 2, 255}) {
    octets data = encoded(ipc::ready{});
    data[2] = static_cast<std::byte>(version);
    CHECK(decode(data) == error::protocol_version);
    data.resize(20);  // whatever its rest may look like
    CHECK(decode(data) == error::protocol_version);
  }
}

TEST_CASE("a length that lies is refused") {
  for (const std::uint32_t length : {1U, 0xFFFF'FFFFU, 0x8000'0000U}) {
    octets data = encoded(ipc::ready{});
    for (std::size_t i = 0; i < 4; ++i) data[12 + i] = static_cast<std::byte>(length >> (8 * i) & 0xFF);
    CHECK(decode(data) == error::protocol_error);
  }
}

TEST_CASE("a type from the future is skipped, with its descriptors counted") {
  for (const int type : {0, 999, 0xFFFF}) {
    octets data =
        raw_message(static_cast<std::uint16_t>(type), body([](auto& f) { f.text(200, "whatever it is"); }));
    data[3] = std::byte{3};
    const ipc::decoded result = accepted(data);
    CHECK_FALSE(result.known);
    CHECK(result.descriptors == 3);
    // Its body need not even be fields: a later version may have another form.
    CHECK_FALSE(accepted(raw_message(static_cast<std::uint16_t>(type), octets(7, std::byte{0xFF}))).known);
  }
}

TEST_CASE("unknown fields are skipped wherever they are, and unset ones keep their defaults") {
  const ipc::decoded result =
      accepted(raw_message(drain_type, body([](auto& f) {
                             f.text(250, "new");
                             f.number(14, 1234);
                             f.group(251, [](auto& inner) { inner.text(1, "nested"); });
                           })));
  const auto& drain = std::get<ipc::drain>(result.what);
  CHECK(drain.remaining.count() == 1234);
  CHECK(drain.reason == exit_reason::requested);
  const ipc::decoded empty = accepted(raw_message(welcome_type, {}));
  CHECK(std::get<ipc::welcome>(empty.what).listeners.empty());
}

TEST_CASE("enumerators from the future become the harmless one") {
  const ipc::decoded drain = accepted(raw_message(drain_type, body([](auto& f) { f.number(13, 200); })));
  CHECK(std::get<ipc::drain>(drain.what).reason == exit_reason::requested);
  const ipc::decoded welcome = accepted(raw_message(welcome_type, body([](auto& f) {
                                                      f.number(6, 0xFFFF'FFFF'FFFF'FFFF);
                                                      f.number(7, 256);
                                                    })));
  CHECK(std::get<ipc::welcome>(welcome.what).level == log_level::info);
  CHECK(std::get<ipc::welcome>(welcome.what).format == log_format::text);
}

TEST_CASE("a number does not turn into another one by being too large for its place") {
  // 2^32 + 1 is not protocol 1, and 65536 + 80 is not port 80.
  const ipc::decoded hello =
      accepted(raw_message(hello_type, body([](auto& f) { f.number(1, 0x1'0000'0001); })));
  CHECK(std::get<ipc::hello>(hello.what).protocol != ipc::protocol_version);
  const ipc::decoded welcome =
      accepted(raw_message(welcome_type, body([](auto& f) { f.number(1, 0x1'0000'0001); })));
  CHECK(std::get<ipc::welcome>(welcome.what).protocol != ipc::protocol_version);
  CHECK(decode(raw_message(welcome_type, body([](auto& f) {
                             f.group(9, [](auto& inner) { inner.number(12, 65536 + 80); });
                           }))) == error::protocol_error);
}

TEST_CASE("a number of another width counts as absent") {
  const ipc::decoded result = accepted(raw_message(drain_type, body([](auto& f) { f.text(14, "1234"); })));
  CHECK(std::get<ipc::drain>(result.what).remaining.count() == 0);
}

TEST_CASE("more listeners than there can be are refused, not collected") {
  CHECK_FALSE(decode(encoded(full_welcome(64))));
  CHECK(decode(encoded(full_welcome(65))) == error::protocol_error);
}

TEST_CASE("a listener whose own fields are broken is refused") {
  CHECK(decode(raw_message(welcome_type, body([](auto& f) { f.text(9, "\x05"); }))) == error::protocol_error);
}

TEST_CASE("randomly changed messages are refused or make sense") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto samples = sample_messages();
  std::size_t accepted_ones = 0;
  for (int round = 0; round < 20'000; ++round) {
    octets data = encoded(samples[random() % samples.size()], random() % 5);
    for (auto changes = random() % 4 + 1; changes > 0; --changes) {
      // Mostly behind the header, or nearly all would be refused at its first bytes.
      const std::size_t first = random() % 4 == 0 ? 0 : 3;
      const std::size_t at = first + random() % (data.size() - first);
      switch (random() % 4) {
        case 0: data[at] = static_cast<std::byte>(random()); break;
        case 1: data[at] ^= static_cast<std::byte>(1U << random() % 8); break;
        case 2: data.erase(data.begin() + static_cast<std::ptrdiff_t>(at)); break;
        default:
          data.insert(data.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::byte>(random()));
      }
      if (data.size() < 4) break;
    }
    if (random() % 2 == 0 && data.size() >= ipc::header_size)  // a length that fits again
      for (std::size_t i = 0; i < 4; ++i)
        data[12 + i] = static_cast<std::byte>((data.size() - ipc::header_size) >> (8 * i) & 0xFF);
    CAPTURE(round);
    ipc::decoded result;
    const error_code ec = ipc::decode(data, result);
    if (ec) {
      REQUIRE((ec == error::protocol_error || ec == error::protocol_version));
    } else if (result.known) {
      ++accepted_ones;
      check_sense(result, data.size());
    }
  }
  CHECK(accepted_ones > 500);  // else this test tests nothing
}

TEST_CASE("random bytes are no message") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 5'000; ++round) {
    octets data(random() % 200);
    for (std::byte& each : data) each = static_cast<std::byte>(random());
    ipc::decoded result;
    if (!ipc::decode(data, result)) check_sense(result, data.size());
  }
}
