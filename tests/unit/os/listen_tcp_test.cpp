// SPDX-License-Identifier: BSL-1.0
#include "unit/os/listening.hpp"
#include "unit/os/other_user.hpp"
#include "unit/os/surroundings.hpp"

#include <netinet/tcp.h>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

TEST_CASE("an IPv4 listener is bound, listening, non-blocking and closed at exec") {
  const std::size_t before = descriptor_count();
  {
    const listen_socket socket = open_one("127.0.0.1:0");
    const listener& about = socket.description();
    CHECK(about.kind == listener::family::tcp);
    CHECK(about.port != 0);
    CHECK(about.uri == "tcp://127.0.0.1:" + std::to_string(about.port));
    CHECK(about.native_handle == socket.fd());
    CHECK(socket_option(socket.fd(), SOL_SOCKET, SO_ACCEPTCONN) == 1);
    CHECK((::fcntl(socket.fd(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(socket.fd(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(socket_option(socket.fd(), IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(connect_tcp4(about.port) == 0);
    CHECK(unique_fd(::accept(socket.fd(), nullptr, nullptr)));
    CHECK(::accept(socket.fd(), nullptr, nullptr) == -1);
    CHECK(errno == EAGAIN);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("port 0 gives a port of its own each time, kept while the listener lives") {
  const listen_socket one = open_one("127.0.0.1:0");
  const listen_socket other = open_one("127.0.0.1:0");
  const std::uint16_t port = one.description().port;
  CHECK(port != other.description().port);
  CHECK(connect_tcp4(port) == 0);
  // Nobody else can have it meanwhile.
  CHECK(open_at("127.0.0.1:" + std::to_string(port)).failed.code.value() == EADDRINUSE);
  CHECK(connect_tcp4(port) == 0);
}

TEST_CASE("a port is free again at once after its listener, connections or not") {
  std::uint16_t port = 0;
  {
    const listen_socket socket = open_one("127.0.0.1:0");
    port = socket.description().port;
    const unique_fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    const unique_fd server(::accept4(socket.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(server);
  }  // the server's side closes first: TIME_WAIT is ours
  CHECK(open_one("127.0.0.1:" + std::to_string(port)).description().port == port);
}

TEST_CASE("a busy port is refused with address and reason, and nothing is kept") {
  const listen_socket holder = open_one("127.0.0.1:0");
  const std::string address = "127.0.0.1:" + std::to_string(holder.description().port);
  const std::size_t before = descriptor_count();
  const opened second = open_at(address);
  CHECK(second.failed.code.value() == EADDRINUSE);
  CHECK(second.sockets.empty());
  CHECK(second.failed.detail.find("cannot listen on " + address) != std::string::npos);
  CHECK(second.failed.detail.find("Address already in use") != std::string::npos);
  CHECK(second.failed.detail.find('\n') == std::string::npos);
  CHECK(descriptor_count() == before);
}

TEST_CASE("an address that is not ours is refused with address and reason") {
  const opened result = open_at("192.0.2.1:0");  // reserved for documentation
  CHECK(result.failed.code.value() == EADDRNOTAVAIL);
  CHECK(result.failed.detail.find("192.0.2.1:0") != std::string::npos);
  CHECK(result.failed.detail.find("Cannot assign requested address") != std::string::npos);
}

TEST_CASE("a privileged port says what it needs") {
  const std::string limit = read_file_text("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  if (limit.empty() || std::stoi(limit) <= 1) return skipped("every port is free to everybody on this host");
  failure failed;
  const bool tried = without_privileges([&] {
    listen_address address;
    address.host = "127.0.0.1";
    address.port = 1;
    std::vector<listen_socket> none;
    failed = open_listeners(address, {}, none);
  });
  if (!tried) return skipped("this root cannot give up its privileges");
  CHECK(failed.code.value() == EACCES);
  CHECK(failed.detail.find("127.0.0.1:1:") != std::string::npos);
  CHECK(failed.detail.find("Permission denied") != std::string::npos);
  CHECK(failed.detail.find("ip_unprivileged_port_start") != std::string::npos);
}

TEST_CASE("an IPv6 listener shows its address in brackets") {
  if (!has_ipv6()) return skipped("no IPv6 on this host");
  const listen_socket socket = open_one("[::1]:0");
  const std::uint16_t port = socket.description().port;
  CHECK(socket.description().uri == "tcp://[::1]:" + std::to_string(port));
  CHECK(connect_tcp6(port) == 0);
  const opened second = open_at("[::1]:" + std::to_string(port));
  CHECK(second.failed.detail.find("[::1]:" + std::to_string(port)) != std::string::npos);
}

TEST_CASE("no host means every address, IPv6 and IPv4, through one socket") {
  if (!has_ipv6()) return skipped("no IPv6 on this host");
  const auto uri = GENERATE(as<std::string>{}, "0", ":0", "*:0", "[::]:0", "[::]:0?v6only=0");
  const listen_socket socket = open_one(uri);
  INFO(uri);
  CHECK(socket_option(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY) == 0);
  CHECK(connect_tcp4(socket.description().port) == 0);
  CHECK(connect_tcp6(socket.description().port) == 0);
}

TEST_CASE("v6only leaves the port's IPv4 side to others") {
  if (!has_ipv6()) return skipped("no IPv6 on this host");
  const auto host = GENERATE(as<std::string>{}, "[::]", "");
  // The other one first: of the two sides IPv4's is the one that somebody else may have.
  const listen_socket other = open_one("0.0.0.0:0");
  const std::uint16_t port = other.description().port;
  const listen_socket socket = open_one(host + ":" + std::to_string(port) + "?v6only=1");
  CHECK(socket.description().port == port);
  CHECK(socket_option(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY) == 1);
  CHECK(connect_tcp6(port) == 0);
}

TEST_CASE("0.0.0.0 is IPv4 alone") {
  const listen_socket socket = open_one("0.0.0.0:0");
  const std::uint16_t port = socket.description().port;
  CHECK(socket.description().uri == "tcp://0.0.0.0:" + std::to_string(port));
  CHECK(connect_tcp4(port) == 0);
  if (has_ipv6()) CHECK(connect_tcp6(port) == ECONNREFUSED);
}

TEST_CASE("the backlog that was asked for is the one that the kernel has") {
  const listen_socket socket = open_one("127.0.0.1:0", {.backlog = 7});
  tcp_info info{};
  socklen_t length = sizeof info;
  REQUIRE(::getsockopt(socket.fd(), IPPROTO_TCP, TCP_INFO, &info, &length) == 0);
  CHECK(info.tcpi_sacked == 7);  // of a listening socket: the length of its queue
}

TEST_CASE("a moved listener is one listener, and assignment closes the old one") {
  const std::size_t before = descriptor_count();
  {
    listen_socket one = open_one("127.0.0.1:0");
    const std::uint16_t port = one.description().port;
    listen_socket other(std::move(one));
    CHECK(other.description().port == port);
    CHECK(descriptor_count() == before + 1);
    other = open_one("127.0.0.1:0");
    CHECK(descriptor_count() == before + 1);
    CHECK(connect_tcp4(port) == ECONNREFUSED);
    other.set_name("web");
    CHECK(other.description().name == "web");
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a TCP listener has the options that its address names, and its sockets beside it too") {
  const listen_socket socket = open_one("127.0.0.1:0?keep-alive=1&defer-accept=5&fast-open=16&name=web");
  CHECK(socket.description().name == "web");
  CHECK(socket_option(socket.fd(), SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(socket_option(socket.fd(), IPPROTO_TCP, TCP_DEFER_ACCEPT) >= 5);
  CHECK(socket_option(socket.fd(), IPPROTO_TCP, TCP_FASTOPEN) == 16);
  std::string why;
  std::vector<listen_socket> all;
  const auto address = parse_listen_address("127.0.0.1:0?name=web", why);
  CHECK_FALSE(open_listeners(*address, {}, all));
  CHECK(open_listeners(*address, {}, all).detail == "two listeners are named 'web'");
  CHECK(all.size() == 1);
}
