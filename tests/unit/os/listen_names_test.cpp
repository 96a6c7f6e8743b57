// SPDX-License-Identifier: BSL-1.0
// Host names with several addresses, without any name service: getaddrinfo is replaced in this program
// for names under ".test" and passed on for all others.
#include "unit/os/listening.hpp"
#include "unit/os/surroundings.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <algorithm>
#include <map>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

const std::map<std::string, std::vector<const char*>> hosts{
    {"both.test", {"127.0.0.1", "::1"}},
    {"both-v6-first.test", {"::1", "127.0.0.1"}},
    {"twice.test", {"127.0.0.1", "127.0.0.1"}},
    {"three.test", {"127.0.0.1", "127.0.0.2", "127.0.0.3"}},
    {"foreign.test", {"127.0.0.1", "2001:db8::1"}},  // an address that this host does not have
    {"all-foreign.test", {"2001:db8::1", "192.0.2.1"}},
    {"unknown.test", {}},
};

using resolver = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

std::vector<std::string> uris(const opened& result) {
  std::vector<std::string> all;
  for (const listen_socket& socket : result.sockets) all.push_back(socket.description().uri);
  return all;
}

}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  static const auto real = reinterpret_cast<resolver>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const auto known = node != nullptr ? hosts.find(node) : hosts.end();
  if (known == hosts.end()) return real(node, service, hints, result);
  if (known->second.empty()) return EAI_NONAME;
  addrinfo** next = result;
  for (const char* address : known->second) {
    if (const int status = real(address, service, hints, next); status != 0) return status;
    while (*next != nullptr) next = &(*next)->ai_next;
  }
  return 0;
}

TEST_CASE("a name with two addresses and port 0 gives two listeners on one port") {
  if (!has_ipv6()) return skipped("no IPv6 on this host");
  const auto host = GENERATE(as<std::string>{}, "both.test", "both-v6-first.test");
  const opened result = open_at(host + ":0");
  INFO(result.failed.detail);
  REQUIRE_FALSE(result.failed);
  REQUIRE(result.sockets.size() == 2);
  const std::uint16_t port = result.sockets[0].description().port;
  CHECK(port != 0);
  CHECK(result.sockets[1].description().port == port);
  auto all = uris(result);
  std::ranges::sort(all);
  CHECK(all == std::vector<std::string>{"tcp://127.0.0.1:" + std::to_string(port),
                                        "tcp://[::1]:" + std::to_string(port)});
  CHECK(connect_tcp4(port) == 0);
  CHECK(connect_tcp6(port) == 0);
}

TEST_CASE("three addresses share the port that the kernel chose for the first") {
  const opened result = open_at("three.test:0");
  REQUIRE_FALSE(result.failed);
  REQUIRE(result.sockets.size() == 3);
  for (const listen_socket& socket : result.sockets)
    CHECK(socket.description().port == result.sockets[0].description().port);
}

TEST_CASE("an address that a name gives twice is bound once") {
  const opened result = open_at("twice.test:0");
  INFO(result.failed.detail);
  REQUIRE_FALSE(result.failed);
  CHECK(result.sockets.size() == 1);
}

TEST_CASE("a name's address that this host does not have is left out") {
  const opened result = open_at("foreign.test:0");
  INFO(result.failed.detail);
  REQUIRE_FALSE(result.failed);
  REQUIRE(result.sockets.size() == 1);
  CHECK(result.sockets[0].description().uri.starts_with("tcp://127.0.0.1:"));
}

TEST_CASE("a name none of whose addresses this host has is refused") {
  const opened result = open_at("all-foreign.test:0");
  CHECK(result.failed.code.failed());
  CHECK(result.sockets.empty());
  CHECK(result.failed.detail.find("all-foreign.test:0") != std::string::npos);
}

TEST_CASE("one busy address of a name refuses the whole and leaks nothing") {
  const listen_socket holder = open_one("127.0.0.2:0");
  const std::string port = std::to_string(holder.description().port);
  const std::size_t before = descriptor_count();
  const opened result = open_at("three.test:" + port);
  CHECK(result.failed.code.value() == EADDRINUSE);
  CHECK(result.failed.detail.find("three.test:" + port) != std::string::npos);
  CHECK(result.sockets.empty());
  CHECK(descriptor_count() == before);
}

TEST_CASE("the IPv6 address of a name with several does not answer for IPv4") {
  if (!has_ipv6()) return skipped("no IPv6 on this host");
  const opened result = open_at("both.test:0");
  REQUIRE(result.sockets.size() == 2);
  for (const listen_socket& socket : result.sockets)
    if (socket.description().uri.starts_with("tcp://["))
      CHECK(socket_option(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY) == 1);
}

TEST_CASE("a name that nobody knows is refused with the name") {
  const opened result = open_at("unknown.test:80");
  CHECK(result.failed.code == error::bind_failed);
  CHECK(result.failed.detail.find("unknown.test:80") != std::string::npos);
}
