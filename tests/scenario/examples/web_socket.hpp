// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace cluster::test {

/// A text message as a browser sends it, with a mask of zeros; up to 125 octets.
inline std::string masked(const std::string& text) {
  return "\x81" + std::string(1, static_cast<char>(0x80U | text.size())) + std::string(4, '\0') + text;
}

/// The same as a server sends it.
inline std::string plain(const std::string& text) {
  return "\x81" + std::string(1, static_cast<char>(text.size())) + text;
}

inline std::string handshake(const std::string& path) {
  return "GET " + path +
         " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

}  // namespace cluster::test
