// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "client.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cluster::test {

inline std::string handshake(std::string_view target, std::string_view more = {},
                             std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==") {
  return "GET " + std::string(target) +
         " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " +
         std::string(key) + "\r\nSec-WebSocket-Version: 13\r\n" + std::string(more) + "\r\n";
}

/// A frame as a client sends it.
inline std::string frame(unsigned opcode, std::string_view payload, bool final = true, bool masked = true) {
  std::string out(1, static_cast<char>((final ? 0x80U : 0U) | opcode));
  const unsigned mask_bit = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(mask_bit | payload.size()));
  } else {
    const int octets = payload.size() < 65536 ? 2 : 8;
    out.push_back(static_cast<char>(mask_bit | (octets == 2 ? 126U : 127U)));
    for (int i = octets - 1; i >= 0; --i) out.push_back(static_cast<char>(payload.size() >> (8 * i) & 0xff));
  }
  constexpr std::string_view mask = "\x12\x34\x56\x78";
  if (masked) out.append(mask);
  for (std::size_t i = 0; i < payload.size(); ++i)
    out.push_back(masked ? static_cast<char>(payload[i] ^ mask[i % 4]) : payload[i]);
  return out;
}

inline std::string close_frame(unsigned code, std::string_view reason = {}) {
  const std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return frame(8, payload + std::string(reason));
}

struct received {
  unsigned opcode = 0;  // 16: none came
  std::string payload;

  unsigned code() const {
    if (payload.size() < 2) return 0;
    return static_cast<unsigned>(static_cast<unsigned char>(payload[0]) << 8 |
                                 static_cast<unsigned char>(payload[1]));
  }
};

constexpr unsigned text_frame = 1;
constexpr unsigned binary_frame = 2;
constexpr unsigned close_opcode = 8;
constexpr unsigned no_frame = 16;

/// The next frame that a server sent, which are never masked or in fragments here.
inline received read_frame(client& from) {
  std::string head;
  if (!from.read_octets(head, 2)) return {no_frame, {}};
  const auto first = static_cast<unsigned char>(head[0]);
  const auto second = static_cast<unsigned char>(head[1]);
  std::size_t length = second & 0x7fU;
  if (length >= 126) {
    std::string more;
    if (!from.read_octets(more, length == 126 ? 2 : 8)) return {no_frame, {}};
    length = 0;
    for (const char c : more) length = length << 8 | static_cast<unsigned char>(c);
  }
  received out{first & 0x0fU, {}};
  if ((first & 0x80U) == 0 || (second & 0x80U) != 0 || !from.read_octets(out.payload, length))
    return {no_frame, {}};
  return out;
}

}  // namespace cluster::test
