// SPDX-License-Identifier: BSL-1.0
#include "os/stored_sockets.hpp"

#include "unit/os/passing.hpp"

#include <memory>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

listen_address parsed(const std::string& uri) {
  std::string why;
  const auto address = parse_listen_address(uri, why);
  INFO(uri << ": " << why);
  REQUIRE(address);
  return *address;
}

/// A process that was started with these sockets under these names.
struct surroundings {
  surroundings(std::vector<unique_fd> sockets, const std::string& names)
      : count(std::to_string(sockets.size())),
        environment(pid.c_str(), count.c_str(), names.c_str()),
        passed(std::move(sockets)) {}
  std::string pid = std::to_string(::getpid());
  std::string count;
  manager_environment environment;
  passed_from_three passed;
};

std::vector<unique_fd> listeners(int count) {
  std::vector<unique_fd> all;
  for (int i = 0; i < count; ++i) all.push_back(passed_listener());
  return all;
}

std::uint16_t port_of(int fd) {
  listener described;
  REQUIRE_FALSE(describe_listener(fd, described));
  return described.port;
}

}  // namespace

TEST_CASE("names in the store say what was opened, in characters that may stand there") {
  CHECK(store_name("127.0.0.1:80", 0, 1) == "cluster-listen.1-1.127.0.0.1%3A80");
  CHECK(store_name("localhost:80", 1, 2) == "cluster-listen.2-2.localhost%3A80");
  CHECK(store_name("unix:/a b%\n\xff", 0, 1) == "cluster-listen.1-1.unix%3A/a%20b%25%0A%FF");
  CHECK(store_name("unix:/" + std::string(400, 'x'), 0, 1).empty());
  CHECK(is_store_name(store_name(":1", 0, 1)));
  CHECK_FALSE(is_store_name("web"));
  CHECK_FALSE(is_store_name(""));
}

TEST_CASE("a stored socket is taken for what it was opened for, and for nothing else") {
  auto sockets = listeners(2);
  const std::uint16_t port = port_of(sockets[1].get());
  const surroundings around(std::move(sockets), "web:" + store_name("127.0.0.1:0", 0, 1));
  stored_sockets stored = stored_sockets::passed();
  std::vector<listen_socket> out;
  CHECK_FALSE(stored.take("127.0.0.1:1", parsed("127.0.0.1:1"), 7, out));
  REQUIRE(stored.take("127.0.0.1:0", parsed("127.0.0.1:0?name=shop"), 7, out));
  REQUIRE(out.size() == 1);
  CHECK(out[0].fd() == 4);
  CHECK(out[0].description().port == port);
  CHECK(out[0].description().name == "shop");
  CHECK((::fcntl(4, F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(4, F_GETFL) & O_NONBLOCK) != 0);
  CHECK_FALSE(stored.take("127.0.0.1:0", parsed("127.0.0.1:0"), 7, out));
  CHECK(stored.drop_rest().empty());
  CHECK(::fcntl(3, F_GETFD) == 0);  // passed by somebody else: left alone
  // The rest of them is not for `systemd:`.
  std::vector<listen_socket> passed;
  REQUIRE_FALSE(open_listeners(parsed("systemd:"), {}, passed));
  CHECK(passed.size() == 1);
}

TEST_CASE("of an address with several sockets all are taken, or none") {
  const auto name = [](std::size_t which) { return store_name("somewhere:80", which, 2); };
  std::vector<listen_socket> out;
  SECTION("all, in their order") {
    auto sockets = listeners(2);
    const std::uint16_t first = port_of(sockets[1].get());
    const surroundings around(std::move(sockets), name(1) + ":" + name(0));
    stored_sockets stored = stored_sockets::passed();
    REQUIRE(stored.take("somewhere:80", parsed("somewhere:80"), 7, out));
    REQUIRE(out.size() == 2);
    CHECK(out[0].description().port == first);
    CHECK(out[0].description().name.empty());
  }
  SECTION("one is missing") {
    const surroundings around(listeners(1), name(1));
    stored_sockets stored = stored_sockets::passed();
    CHECK_FALSE(stored.take("somewhere:80", parsed("somewhere:80"), 7, out));
    CHECK(stored.drop_rest() == std::vector<std::string>{name(1)});
    CHECK(::fcntl(3, F_GETFD) == -1);
  }
}

TEST_CASE("what is kept and not wanted is named once each, and closed") {
  const std::string one = store_name(":1", 0, 1);
  const std::string other = store_name(":2", 0, 1);
  const surroundings around(listeners(3), one + ":" + other + ":" + one);
  stored_sockets stored = stored_sockets::passed();
  CHECK(stored.drop_rest() == std::vector<std::string>{one, other});
  for (const int fd : {3, 4, 5}) CHECK(::fcntl(fd, F_GETFD) == -1);
}

TEST_CASE("a stored Unix socket needs its file, and leaves it where it is") {
  const scratch_folder folder;
  const std::string uri = "unix:" + (folder / "app.sock");
  auto made = std::make_unique<listen_socket>(open_one(uri));
  std::vector<unique_fd> copies;
  copies.emplace_back(::dup(made->fd()));
  made->leave_file();
  made.reset();
  REQUIRE(is_socket_file(folder / "app.sock"));
  const surroundings around(std::move(copies), store_name(uri, 0, 1));
  std::vector<listen_socket> out;
  stored_sockets stored = stored_sockets::passed();
  SECTION("there") {
    REQUIRE(stored.take(uri, parsed(uri), 7, out));
    CHECK(out[0].description().uri == uri);
    CHECK(connect_unix(folder / "app.sock") == 0);
    out.clear();
    CHECK(is_socket_file(folder / "app.sock"));
  }
  SECTION("gone") {
    std::filesystem::remove(folder / "app.sock");
    CHECK_FALSE(stored.take(uri, parsed(uri), 7, out));
    CHECK(stored.drop_rest().size() == 1);
  }
}

TEST_CASE("numbers that are not meant for this process, or are somebody else's by now, are left alone") {
  const std::string name = store_name(":1", 0, 1);
  SECTION("another process") {
    const passed_from_three passed(listeners(1));
    const manager_environment around("1", "1", name.c_str());
    CHECK(stored_sockets::passed().drop_rest().empty());
    CHECK(::fcntl(3, F_GETFD) == 0);
  }
  SECTION("opened here, after an exec of its own") {
    const surroundings around(listeners(1), name);
    REQUIRE(::fcntl(3, F_SETFD, FD_CLOEXEC) == 0);
    CHECK(stored_sockets::passed().drop_rest().empty());
    CHECK(::fcntl(3, F_GETFD) == FD_CLOEXEC);
  }
  SECTION("no socket") {
    std::vector<unique_fd> files;
    files.emplace_back(::open("/dev/null", O_RDONLY));
    const surroundings around(std::move(files), name);
    CHECK(stored_sockets::passed().drop_rest().empty());
  }
  SECTION("nonsense") {
    const manager_environment around(std::to_string(::getpid()).c_str(), "many", name.c_str());
    CHECK(stored_sockets::passed().drop_rest().empty());
  }
}
