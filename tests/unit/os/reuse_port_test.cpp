// SPDX-License-Identifier: BSL-1.0
#include "os/reuse_port.hpp"
#include "os/incoming.hpp"
#include "unit/os/listening.hpp"

#include <boost/asio/error.hpp>

#include <array>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

/// A group of three, and what each of them has got of `count` connections.
struct group {
  group() : first(open_one("127.0.0.1:0", {64, 0660, true})) {
    REQUIRE_FALSE(listen_beside(first.fd(), 64, second));
    REQUIRE_FALSE(listen_beside(first.fd(), 64, third));
  }
  std::array<int, 3> shares(int count) {
    std::array<int, 3> seen{};
    for (int i = 0; i < count; ++i) {
      REQUIRE(connect_tcp4(first.description().port) == 0);
      for (std::size_t at = 0; at < 3; ++at) {
        incoming got;
        if (!accept_connection(at == 0 ? first.fd() : at == 1 ? second.get() : third.get(), got)) ++seen[at];
      }
    }
    return seen;
  }
  listen_socket first;
  unique_fd second;
  unique_fd third;
};

}  // namespace

TEST_CASE("sockets that share their port share connections out") {
  group all;
  CHECK(shares_port(all.first.fd()));
  CHECK_FALSE(shares_port(open_one("127.0.0.1:0").fd()));
  const auto seen = all.shares(120);
  CHECK(seen[0] + seen[1] + seen[2] == 120);
}

TEST_CASE("new connections go where they are steered, and to all again afterwards") {
  group all;
  const std::array<std::size_t, 2> outer{0, 2};
  REQUIRE_FALSE(steer(all.second.get(), outer));
  auto seen = all.shares(120);
  CHECK(seen[1] == 0);
  CHECK((seen[0] > 20 && seen[2] > 20));
  const std::array<std::size_t, 1> middle{1};
  REQUIRE_FALSE(steer(all.first.fd(), middle));
  CHECK(all.shares(20) == std::array<int, 3>{0, 20, 0});
  unsteer(all.first.fd());
  seen = all.shares(120);
  CHECK((seen[0] > 0 && seen[1] > 0 && seen[2] > 0));
}

TEST_CASE("a port for sharing is not taken from somebody who is there already") {
  const listen_socket one = open_one("127.0.0.1:0", {64, 0660, true});
  const std::string same = "127.0.0.1:" + std::to_string(one.description().port);
  CHECK(open_at(same, {64, 0660, true}).failed.code.value() == EADDRINUSE);
}

TEST_CASE("the peer of an accepted connection is named, an IPv4 one as such") {
  const listen_socket any = open_one("tcp://127.0.0.1:0");
  REQUIRE(connect_tcp4(any.description().port) == 0);
  incoming got;
  REQUIRE_FALSE(accept_connection(any.fd(), got));
  CHECK(got.address == "127.0.0.1");
  CHECK(got.port != 0);
  CHECK(accept_connection(any.fd(), got) == boost::asio::error::would_block);
  if (!has_ipv6()) return;
  const listen_socket dual = open_one("tcp://[::]:0");
  REQUIRE(connect_tcp4(dual.description().port) == 0);
  REQUIRE_FALSE(accept_connection(dual.fd(), got));
  CHECK(got.address == "127.0.0.1");
}
