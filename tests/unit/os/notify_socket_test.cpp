// SPDX-License-Identifier: BSL-1.0
#include "os/notify_socket.hpp"
#include "os/service_manager.hpp"
#include "support/catch.hpp"
#include "surroundings.hpp"

#include <boost/asio/error.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

/// Speaks as programs do: by what the variable says.
void say(const notify_socket& to, const std::string& text) {
  ::setenv("NOTIFY_SOCKET", to.address().c_str(), 1);
  const service_manager manager;
  ::unsetenv("NOTIFY_SOCKET");
  REQUIRE(manager.listens());
  manager.tell(text);
}

}  // namespace

TEST_CASE("what is said at an address without a file comes with its sender", "[notify]") {
  notify_socket here;
  REQUIRE_FALSE(here.open({}, false));
  CHECK(here.address().starts_with("@"));
  notice got;
  CHECK(here.receive(got) == boost::asio::error::would_block);
  say(here, "READY=1\nSTATUS=well");
  REQUIRE_FALSE(here.receive(got));
  CHECK(got.text == "READY=1\nSTATUS=well");
  CHECK(got.pid == ::getpid());
  CHECK(got.user == ::geteuid());
  notify_socket other;
  REQUIRE_FALSE(other.open({}, false));
  CHECK(other.address() != here.address());
}

TEST_CASE("a path is replaced, private unless others may send, and removed at the end", "[notify]") {
  const scratch_folder place;
  const std::string path = place / "home.notify";
  struct stat file {};
  {
    notify_socket here;
    REQUIRE_FALSE(here.open(path, false));
    CHECK(here.address() == path);
    REQUIRE(::stat(path.c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0600);
    notify_socket next;  // of a supervisor that follows one that was killed
    REQUIRE_FALSE(next.open(path, true));
    REQUIRE(::stat(path.c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0666);
    say(next, "READY=1");
    notice got;
    REQUIRE_FALSE(next.receive(got));
    CHECK(got.text == "READY=1");
  }
  CHECK(::stat(path.c_str(), &file) != 0);
  notify_socket nowhere;
  const failure failed = nowhere.open(place / std::string(200, 'x'), false);
  CHECK(failed);
  CHECK(failed.detail.find("too long") != std::string::npos);
}

TEST_CASE("what is too long is no text, and descriptors that come along are closed", "[notify]") {
  notify_socket here;
  REQUIRE_FALSE(here.open({}, false));
  say(here, std::string(5000, 'x'));
  notice got;
  REQUIRE_FALSE(here.receive(got));
  CHECK(got.text.empty());

  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  unique_fd from(ends[0]);
  const std::size_t before = descriptor_count();
  {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, here.address().data(), here.address().size());
    to.sun_path[0] = '\0';
    char text[] = "BARRIER=1";
    iovec part{text, 9};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_name = &to;
    message.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + here.address().size());
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* entry = CMSG_FIRSTHDR(&message);
    entry->cmsg_level = SOL_SOCKET;
    entry->cmsg_type = SCM_RIGHTS;
    entry->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(entry), &ends[1], sizeof(int));
    const unique_fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    REQUIRE(::sendmsg(socket.get(), &message, 0) == 9);
  }
  unique_fd{ends[1]}.reset();
  REQUIRE_FALSE(here.receive(got));
  CHECK(got.text == "BARRIER=1");
  char octet = 0;
  CHECK(::read(from.get(), &octet, 1) == 0);  // nobody holds the other end any more
  CHECK(descriptor_count() == before - 1);
}
