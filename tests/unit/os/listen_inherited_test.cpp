// SPDX-License-Identifier: BSL-1.0
#include "support/text.hpp"
#include "unit/os/listening.hpp"
#include "unit/os/passing.hpp"
#include "unit/os/surroundings.hpp"

#include <memory>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

const std::string own_pid = std::to_string(::getpid());

std::vector<unique_fd> two_listeners() {
  std::vector<unique_fd> sockets;
  sockets.push_back(passed_listener());
  sockets.push_back(passed_listener());
  return sockets;
}

std::string refusal(const std::string& uri) {
  const std::size_t before = descriptor_count();
  const opened result = open_at(uri);
  CHECK(result.failed.code == error::bind_failed);
  CHECK(result.sockets.empty());
  CHECK(descriptor_count() == before);
  CHECK(result.failed.detail.find("cannot listen on " + uri) == 0);
  return result.failed.detail;
}

void check_says(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(contains(text, part));
}

}  // namespace

TEST_CASE("a passed listening socket is adopted, made non-blocking and closed at exec") {
  const std::size_t before = descriptor_count();
  {
    const int fd = passed_listener().release();
    const listen_socket socket = open_one("fd:" + std::to_string(fd));
    CHECK(socket.fd() == fd);
    CHECK(socket.description().uri == "tcp://127.0.0.1:" + std::to_string(socket.description().port));
    CHECK(socket.description().port != 0);
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(connect_tcp4(socket.description().port) == 0);
  }
  CHECK(descriptor_count() == before);  // adopted, so closed with the object
}

TEST_CASE("a passed Unix listener shows its path and leaves the file to its maker") {
  const scratch_folder folder;
  const std::string path = folder / "passed.sock";
  unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = unix_address(path);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd.get(), 5) == 0);
  {
    const listen_socket socket = open_one("fd:" + std::to_string(fd.release()));
    CHECK(socket.description().uri == "unix:" + path);
    CHECK(socket.description().kind == listener::family::unix_socket);
  }
  CHECK(is_socket_file(path));
}

TEST_CASE("a passed descriptor is not believed unless it is a listening stream socket") {
  SECTION("not open") {
    const int fd = unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get();
    check_says(refusal("fd:" + std::to_string(fd)), "descriptor " + std::to_string(fd) + " is not open");
  }
  SECTION("not a socket") {
    const unique_fd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    check_says(refusal("fd:" + std::to_string(fd.get())), "is not a socket");
    CHECK(::fcntl(fd.get(), F_GETFD) >= 0);  // and still the caller's
  }
  SECTION("not listening") {
    const unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    check_says(refusal("fd:" + std::to_string(fd.get())), "is not a listening stream socket");
  }
  SECTION("a datagram socket") {
    const unique_fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    check_says(refusal("fd:" + std::to_string(fd.get())), "is not a listening stream socket");
  }
  SECTION("a listening seqpacket socket") {
    const unique_fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    const sockaddr_un unnamed{AF_UNIX, {}};
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&unnamed), sizeof unnamed.sun_family) == 0);
    REQUIRE(::listen(fd.get(), 1) == 0);
    check_says(refusal("fd:" + std::to_string(fd.get())), "is not a listening stream socket");
  }
}

TEST_CASE("a descriptor that was adopted once is not adopted again") {
  const std::size_t before = descriptor_count();
  {
    std::vector<listen_socket> sockets;
    listen_address address;
    address.what = listen_address::kind::inherited;
    address.fd = passed_listener().release();
    REQUIRE_FALSE(open_listeners(address, {}, sockets));
    const failure failed = open_listeners(address, {}, sockets);
    CHECK(failed.code == error::bind_failed);
    check_says(failed.detail, "twice");
    CHECK(sockets.size() == 1);
    CHECK(socket_option(address.fd, SOL_SOCKET, SO_ACCEPTCONN) == 1);  // and still open
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("all sockets of the service manager come with their names") {
  const passed_from_three passed(two_listeners());
  const manager_environment environment(own_pid.c_str(), "2", "web:admin");
  opened result = open_at("systemd:");
  INFO(result.failed.detail);
  REQUIRE_FALSE(result.failed);
  REQUIRE(result.sockets.size() == 2);
  CHECK(result.sockets[0].description().name == "web");
  CHECK(result.sockets[0].fd() == 3);
  CHECK(result.sockets[1].description().name == "admin");
  CHECK(result.sockets[1].fd() == 4);
  for (const listen_socket& socket : result.sockets) CHECK((::fcntl(socket.fd(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("one name takes the sockets of that name and leaves the others") {
  const passed_from_three passed(two_listeners());
  const manager_environment environment(own_pid.c_str(), "2", "web:admin");
  const opened result = open_at("systemd:admin");
  REQUIRE_FALSE(result.failed);
  REQUIRE(result.sockets.size() == 1);
  CHECK(result.sockets[0].fd() == 4);
  CHECK((::fcntl(3, F_GETFD) & FD_CLOEXEC) == 0);
}

TEST_CASE("sockets without names are taken as they come") {
  const passed_from_three passed(two_listeners());
  const manager_environment environment(own_pid.c_str(), "2", nullptr);
  const opened result = open_at("systemd:");
  REQUIRE_FALSE(result.failed);
  REQUIRE(result.sockets.size() == 2);
  CHECK(result.sockets[0].description().name.empty());
}

TEST_CASE("what the service manager's variables do not say is refused") {
  const passed_from_three passed(two_listeners());
  SECTION("no variables") {
    const manager_environment environment(nullptr, nullptr, nullptr);
    check_says(refusal("systemd:"), "LISTEN_PID and LISTEN_FDS are not set");
  }
  SECTION("no count") {
    const manager_environment environment(own_pid.c_str(), nullptr, nullptr);
    check_says(refusal("systemd:"), "no sockets were passed");
  }
  SECTION("a count of zero") {
    const manager_environment environment(own_pid.c_str(), "0", nullptr);
    check_says(refusal("systemd:web"), "no sockets were passed");
  }
  SECTION("nonsense") {
    const manager_environment environment(own_pid.c_str(), "many", nullptr);
    check_says(refusal("systemd:"), "no sockets were passed");
  }
  SECTION("too many") {
    const manager_environment environment(own_pid.c_str(), "18446744073709551615", nullptr);
    check_says(refusal("systemd:"), "too large");
  }
  SECTION("meant for another process") {
    const manager_environment environment("1", "2", "web:admin");
    check_says(refusal("systemd:"), "meant for process 1");
  }
  SECTION("another name") {
    const manager_environment environment(own_pid.c_str(), "2", "web:admin");
    check_says(refusal("systemd:metrics"), "that name");
  }
}

TEST_CASE("a bad one among the service manager's sockets refuses all") {
  std::vector<unique_fd> sockets;
  sockets.push_back(passed_listener());
  sockets.push_back(unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  const passed_from_three passed(std::move(sockets));
  const manager_environment environment(own_pid.c_str(), "2", nullptr);
  const opened result = open_at("systemd:");
  CHECK(result.failed.code == error::bind_failed);
  CHECK(result.sockets.empty());
  check_says(result.failed.detail, "descriptor 4 is not a socket");
}
