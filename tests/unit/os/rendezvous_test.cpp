// SPDX-License-Identifier: BSL-1.0
#include "os/rendezvous.hpp"
#include "support/catch.hpp"
#include "unit/os/surroundings.hpp"

#include <boost/asio/error.hpp>

#include <poll.h>
#include <sys/wait.h>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

constexpr auto nobody = static_cast<uid_t>(-1);

error_code accept_within(rendezvous& at, caller& out) {
  pollfd ready{at.fd(), POLLIN, 0};
  ::poll(&ready, 1, 5000);
  return at.accept(out);
}

}  // namespace

TEST_CASE("who calls is known by process and user", "[rendezvous]") {
  const std::size_t before = descriptor_count();
  {
    const scratch_folder folder;
    rendezvous at;
    REQUIRE_FALSE(at.open(folder / "home", nobody));
    caller found;
    CHECK(at.accept(found) == boost::asio::error::would_block);
    unique_fd line;
    REQUIRE_FALSE(call_home(folder / "home", line));
    REQUIRE_FALSE(accept_within(at, found));
    CHECK(found.pid == ::getpid());
    CHECK(found.user == ::geteuid());
    pollfd alive{found.pidfd.get(), POLLIN, 0};
    CHECK(::poll(&alive, 1, 0) == 0);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a place where nobody is cannot be called", "[rendezvous]") {
  const scratch_folder folder;
  unique_fd line;
  CHECK(call_home(folder / "home", line).value() == ENOENT);
  {
    rendezvous at;
    REQUIRE_FALSE(at.open(folder / "home", nobody));
  }
  CHECK(call_home(folder / "home", line).value() == ENOENT);  // it has taken its file along
  CHECK(call_home(std::string(200, 'x'), line).value() == ENAMETOOLONG);
  CHECK_FALSE(line);
}

TEST_CASE("a new place replaces what a dead one has left, and an old one leaves the new one alone",
          "[rendezvous]") {
  const scratch_folder folder;
  rendezvous first;
  REQUIRE_FALSE(first.open(folder / "home", nobody));
  rendezvous second;
  REQUIRE_FALSE(second.open(folder / "home", nobody));
  first.close();
  unique_fd line;
  CHECK_FALSE(call_home(folder / "home", line));
  caller found;
  CHECK_FALSE(accept_within(second, found));
  rendezvous moved(std::move(second));
  CHECK_FALSE(call_home(folder / "home", line));
  second = std::move(moved);
  CHECK_FALSE(call_home(folder / "home", line));
}

TEST_CASE("the file is nobody else's, and a folder that is not there is named", "[rendezvous]") {
  const scratch_folder folder;
  rendezvous at;
  REQUIRE_FALSE(at.open(folder / "home", nobody));
  struct stat info {};
  REQUIRE(::stat((folder / "home").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  rendezvous none;
  const failure failed = none.open(folder / "no/home", nobody);
  CHECK(failed.code.value() == ENOENT);
  CHECK(failed.detail.find("no/home") != std::string::npos);
  CHECK(none.open("/tmp/" + std::string(120, 'x'), nobody).code.value() == ENAMETOOLONG);
}

TEST_CASE("a process is named by its pid and its start", "[rendezvous]") {
  const auto own = start_of_process(::getpid());
  REQUIRE(own);
  CHECK(*own > 0);
  CHECK(start_of_process(::getpid()) == own);
  CHECK(age_of_process(*own) < 1h);
  CHECK_FALSE(start_of_process(-1));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(child > 0);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  CHECK_FALSE(start_of_process(child));  // its remains are no process any more
  ::waitpid(child, nullptr, 0);
}
