// SPDX-License-Identifier: BSL-1.0
#include "wire/proxy_header.hpp"
#include "support/catch.hpp"

#include <string>

using namespace cluster::wire;
using namespace std::string_literals;

namespace {

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string binary(char command, char family, const std::string& content) {
  return signature + command + family + static_cast<char>(content.size() >> 8) +
         static_cast<char>(content.size() & 0xff) + content;
}

const std::string v4 =
    "\xc0\x00\x02\x01\xc0\x00\x02\x02\x12\x67\x01\xbb"s;  // 192.0.2.1:4711 to 192.0.2.2:443
const std::string v6 =
    "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01" + std::string(16, '\0') + "\x00\x50\x01\xbb"s;

std::string client_of(const std::string& octets) {
  proxy_header out;
  const proxy_state state = read_proxy_header(octets + "GET /", out);
  if (state != proxy_state::complete) return state == proxy_state::refused ? "refused" : "incomplete";
  CHECK(out.size == octets.size());
  // However it is cut, it is complete with its last octet and not before.
  for (std::size_t n = 0; n < octets.size(); ++n) {
    proxy_header part;
    INFO(n);
    CHECK(read_proxy_header(std::string_view(octets).substr(0, n), part) == proxy_state::incomplete);
  }
  return out.client + (out.secure ? " secure" : "");
}

}  // namespace

TEST_CASE("version 1 of the PROXY protocol", "[proxy]") {
  CHECK(client_of("PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n") == "192.0.2.1:4711");
  CHECK(client_of("PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n") == "[2001:db8::1]:4711");
  CHECK(client_of("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n") == "192.0.2.1:1");
  CHECK(client_of("PROXY UNKNOWN\r\n").empty());
  CHECK(client_of("PROXY UNKNOWN ffff::1 whatever it says 1 2\r\n").empty());
  const std::string longest = "PROXY UNKNOWN " + std::string(107 - 16, 'f') + "\r\n";
  CHECK(client_of(longest).empty());
  CHECK(client_of("PROXY UNKNOWN " + std::string(107 - 15, 'f') + "\r\n") == "refused");
  CHECK(client_of("PROXY UNKNOWN " + std::string(200, 'f')) == "refused");
  for (const char* bad :
       {"PROXY TCP4 192.0.2.1 192.0.2.2 4711\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 4711 443 1\r\n",
        "PROXY TCP4  192.0.2.1 192.0.2.2 4711 443\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 04711 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 4711 65536\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 -1 443\r\n",
        "PROXY TCP4 ::1 ::2 4711 443\r\n", "PROXY TCP6 192.0.2.1 192.0.2.2 4711 443\r\n",
        "PROXY TCP4 a.b.c.d 192.0.2.2 1 2\r\n", "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY \r\n",
        "PROXY\r\n", "proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "GET / HTTP/1.1\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n"}) {
    INFO(bad);
    CHECK(client_of(bad) == "refused");
  }
}

TEST_CASE("version 2 of the PROXY protocol", "[proxy]") {
  CHECK(client_of(binary('\x21', '\x11', v4)) == "192.0.2.1:4711");
  CHECK(client_of(binary('\x21', '\x21', v6)) == "[2001:db8::1]:80");
  CHECK(client_of(binary('\x21', '\x31', std::string(216, '\0'))) == "unix");
  CHECK(client_of(binary('\x20', '\x00', "")).empty());
  CHECK(client_of(binary('\x20', '\x11', v4)).empty());  // the proxy's own: what it says is not looked at
  CHECK(client_of(binary('\x21', '\x00', "anything")).empty());
  const std::string tls = "\x20\x00\x05\x01\x00\x00\x00\x00"s;
  const std::string plain = "\x20\x00\x05\x00\x00\x00\x00\x00"s;
  const std::string other = "\x04\x00\x02xx"s;
  CHECK(client_of(binary('\x21', '\x11', v4 + other + tls)) == "192.0.2.1:4711 secure");
  CHECK(client_of(binary('\x21', '\x11', v4 + plain + other)) == "192.0.2.1:4711");
  CHECK(client_of(binary('\x21', '\x11', v4 + "\x04\x0f\xe1"s + std::string(0x0fe1, 'x'))) ==
        "192.0.2.1:4711");

  CHECK(client_of(binary('\x11', '\x11', v4)) == "refused");  // version
  CHECK(client_of(binary('\x22', '\x11', v4)) == "refused");  // command
  CHECK(client_of(binary('\x21', '\x12', v4)) == "refused");  // datagrams
  CHECK(client_of(binary('\x21', '\x41', v4)) == "refused");
  CHECK(client_of(binary('\x21', '\x11', v4.substr(1))) == "refused");
  CHECK(client_of(binary('\x21', '\x21', v6.substr(1))) == "refused");
  CHECK(client_of(binary('\x21', '\x11', v4 + "\x04\x00"s)) == "refused");
  CHECK(client_of(binary('\x21', '\x11', v4 + "\x04\x00\x05xx"s)) == "refused");
  CHECK(client_of(binary('\x21', '\x11', v4 + "\x20\x00\x04\x01\x00\x00\x00"s)) == "refused");
  CHECK(client_of(binary('\x21', '\x11', std::string(proxy_header::most, 'x'))) == "refused");
  CHECK(client_of("\r\n\r\n\0\r\nQUIT\r"s) == "refused");
  // What cannot become a header is refused with its first octet that says so.
  proxy_header out;
  CHECK(read_proxy_header("G", out) == proxy_state::refused);
  CHECK(read_proxy_header("\r\nG", out) == proxy_state::refused);
  CHECK(read_proxy_header("PROXX", out) == proxy_state::refused);
}
