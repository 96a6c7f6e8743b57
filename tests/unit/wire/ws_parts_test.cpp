// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "wire/close_code.hpp"
#include "wire/frame_fence.hpp"
#include "wire/ws_handshake.hpp"

#include <string>
#include <vector>

using namespace cluster::wire;

namespace {

std::string frame(unsigned opcode, bool final, const std::string& payload, bool masked = true) {
  std::string out(1, static_cast<char>((final ? 0x80U : 0U) | opcode));
  const unsigned bit = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    out += static_cast<char>(bit | payload.size());
  } else if (payload.size() < 65536) {
    out += static_cast<char>(bit | 126U);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xff);
  } else {
    out += static_cast<char>(bit | 127U);
    for (int i = 7; i >= 0; --i) out += static_cast<char>(payload.size() >> (8 * i) & 0xff);
  }
  if (masked) out += std::string(4, '\0');
  return out + payload;
}

// Frame by frame, as they come out when octets come in pieces of that size.
std::vector<std::string> frames(const std::string& octets, std::size_t piece, std::size_t room) {
  frame_fence fence;
  std::vector<std::string> out(1);
  std::string buffer(room, '\0');
  for (std::size_t at = 0; at < octets.size(); at += piece) {
    fence.append(octets.substr(at, piece));
    while (const std::size_t n = fence.take(buffer.data(), room)) {
      out.back().append(buffer, 0, n);
      // At the end of a frame nothing of the next one has come out.
      if (fence.at_boundary()) out.emplace_back();
    }
  }
  if (out.back().empty()) out.pop_back();
  return out;
}

}  // namespace

TEST_CASE("the fence lets out message by message, however octets come", "[wire][websocket]") {
  const std::string one = frame(1, true, "hello");
  const std::string two =
      frame(2, false, "a") + frame(9, true, "ping") + frame(0, false, "") + frame(0, true, "b");
  const std::string three = frame(2, true, std::string(300, 'x'));
  const std::string four = frame(2, true, std::string(70'000, 'y'));
  const std::string five = frame(10, true, "");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}, std::size_t{1'000'000}})
    for (const std::size_t room : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
      INFO(piece << " " << room);
      CHECK(frames(one + two + three + four + five, piece, room) ==
            std::vector<std::string>{one, two, three, four, five});
    }
}

TEST_CASE("what is held begins with a frame", "[wire][websocket]") {
  frame_fence fence;
  const std::string one = frame(1, true, "hello");
  const std::string half = frame(1, true, "world").substr(0, 8);
  fence.append(one + half);
  char buffer[100];
  CHECK(fence.take(buffer, sizeof buffer) == one.size());
  CHECK(fence.at_boundary());
  CHECK(fence.held() == half);
}

TEST_CASE("control frames come out whole, and close codes that may not be sent become 1002",
          "[wire][websocket]") {
  frame_fence fence;
  const std::string ping = frame(9, true, "0123456789");
  char buffer[200];
  for (std::size_t i = 0; i + 1 < ping.size(); ++i) {
    fence.append(ping.substr(i, 1));
    REQUIRE(fence.take(buffer, sizeof buffer) == 0);
  }
  fence.append(ping.substr(ping.size() - 1));
  CHECK(fence.take(buffer, sizeof buffer) == ping.size());
  for (const unsigned code :
       {0U, 999U, 1004U, 1005U, 1006U, 1015U, 2999U, 5000U, 65535U, 1000U, 1014U, 3000U, 4999U}) {
    std::string close = frame(8, true, {static_cast<char>(code >> 8), static_cast<char>(code & 0xff), 'r'});
    const std::string mask = "\x01\x02\x03\x04";
    for (std::size_t i = 0; i < 4; ++i) close[2 + i] = mask[i];
    for (std::size_t i = 0; i < 3; ++i) close[6 + i] = static_cast<char>(close[6 + i] ^ mask[i]);
    fence.append(close);
    REQUIRE(fence.take(buffer, sizeof buffer) == close.size());
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(buffer[6 + i] ^ mask[i]); };
    CHECK((octet(0) << 8 | octet(1)) == static_cast<int>(may_be_sent(code) ? code : 1002U));
    CHECK(octet(2) == 'r');
  }
}

TEST_CASE("a message of too many fragments goes no further", "[wire][websocket]") {
  frame_fence fence(3);
  char buffer[64];
  fence.append(frame(1, false, "") + frame(0, false, "") + frame(0, true, "") + frame(1, true, "x"));
  for (int i = 0; i < 4; ++i) CHECK(fence.take(buffer, sizeof buffer) != 0);
  CHECK_FALSE(fence.too_many());
  fence.append(frame(1, false, "") + frame(0, false, "") + frame(0, false, "") + frame(0, true, ""));
  for (int i = 0; i < 3; ++i) CHECK(fence.take(buffer, sizeof buffer) != 0);
  CHECK(fence.take(buffer, sizeof buffer) == 0);
  CHECK(fence.too_many());
}

TEST_CASE("a length of 64 bits does not overflow", "[wire][websocket]") {
  frame_fence fence;
  char buffer[64];
  fence.append(std::string("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0xyz", 17));
  CHECK(fence.take(buffer, sizeof buffer) == 17);
  CHECK_FALSE(fence.at_boundary());
}

TEST_CASE("lists of extensions (RFC 6455 9.1)", "[wire][websocket]") {
  for (const char* good :
       {"a", "a, b", "a;b", "a; b=c ;d=\"e\", f", ",a,,b,", "permessage-deflate; client_max_window_bits"}) {
    INFO(good);
    CHECK(valid_extensions(good));
  }
  for (const char* bad : {"", ",", ";a", "a;", "a;=b", "a;b=", "a;b=\"", "a;b=\"\"", "a;b=\"c d\"", "a b",
                          "a=b", "a;b=\"c\\\"d\""}) {
    INFO(bad);
    CHECK_FALSE(valid_extensions(bad));
  }
}
