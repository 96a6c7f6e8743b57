// SPDX-License-Identifier: BSL-1.0
#include "os/last_connections.hpp"
#include "os/incoming.hpp"
#include "unit/os/listening.hpp"

#include <boost/asio/error.hpp>

#include <poll.h>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

/// A connection that is asked for without waiting for it.
unique_fd begin_to_connect(std::uint16_t port) {
  unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool begun =
      ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 || errno == EINPROGRESS;
  REQUIRE(begun);
  return fd;
}

bool connected_within(const unique_fd& fd, int milliseconds) {
  pollfd wanted{fd.get(), POLLOUT, 0};
  return ::poll(&wanted, 1, milliseconds) == 1 && socket_option(fd.get(), SOL_SOCKET, SO_ERROR) == 0;
}

}  // namespace

TEST_CASE("a socket that begins no more finishes what is in its queue, and takes nothing new") {
  listen_socket socket = open_one("127.0.0.1:0");
  const std::uint16_t port = socket.description().port;
  const unique_fd early = begin_to_connect(port);
  REQUIRE(connected_within(early, 5000));
  REQUIRE_FALSE(begin_no_more(socket.fd()));
  const unique_fd late = begin_to_connect(port);
  CHECK_FALSE(connected_within(late, 50));

  incoming got;
  REQUIRE_FALSE(accept_connection(socket.fd(), got));
  REQUIRE(::send(early.get(), "after", 5, 0) == 5);
  char text[8] = {};
  pollfd readable{got.fd.get(), POLLIN, 0};
  REQUIRE(::poll(&readable, 1, 5000) == 1);
  CHECK(::recv(got.fd.get(), text, sizeof text, 0) == 5);
  incoming none;
  CHECK(accept_connection(socket.fd(), none) == boost::asio::error::would_block);
  // Closed with nothing in its queue: there is nobody to be reset.
  socket = listen_socket();
  CHECK(connect_tcp4(port) == ECONNREFUSED);
}

TEST_CASE("what is no TCP socket is left as it is") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const unique_fd one(ends[0]);
  const unique_fd other(ends[1]);
  CHECK_FALSE(begin_no_more(one.get()));
  CHECK(::send(other.get(), "x", 1, 0) == 1);
  CHECK(begin_no_more(-1) == error_code());  // not a socket at all: nothing to be done
}
