// SPDX-License-Identifier: BSL-1.0
#include "unit/os/listening.hpp"
#include "unit/os/surroundings.hpp"

#include <filesystem>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;
namespace fs = std::filesystem;

namespace {

unsigned mode_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::lstat(path.c_str(), &found) == 0);
  return found.st_mode & 07777U;
}

}  // namespace

TEST_CASE("a Unix listener makes its file and removes it at the end") {
  const scratch_folder folder;
  const std::string path = folder / "app.sock";
  const std::size_t before = descriptor_count();
  {
    const listen_socket socket = open_one("unix:" + path);
    CHECK(socket.description().kind == listener::family::unix_socket);
    CHECK(socket.description().uri == "unix:" + path);
    CHECK(socket.description().port == 0);
    CHECK(socket.description().native_handle == socket.fd());
    CHECK(socket_option(socket.fd(), SOL_SOCKET, SO_ACCEPTCONN) == 1);
    CHECK((::fcntl(socket.fd(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(socket.fd(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(is_socket_file(path));
    CHECK(connect_unix(path) == 0);
  }
  CHECK_FALSE(fs::exists(fs::symlink_status(path)));
  CHECK(descriptor_count() == before);
}

TEST_CASE("a socket path may be longer than a socket address") {
  const scratch_folder folder;
  std::string deep = folder.path();
  while (deep.size() < 300) deep += "/a-folder-with-a-name-of-some-length";
  fs::create_directories(deep);
  const std::string path = deep + "/app.sock";
  {
    const listen_socket socket = open_one("unix:" + path);
    CHECK(socket.description().uri == "unix:" + path);
    {
      const working_directory_guard here(deep);
      CHECK(is_socket_file("app.sock"));
      CHECK(connect_unix("app.sock") == 0);
    }
    // Occupied and stale are told apart there as well.
    CHECK(open_at("unix:" + path).failed.code.value() == EADDRINUSE);
  }
  CHECK_FALSE(fs::exists(path));
  {
    const working_directory_guard here(deep);
    leave_stale_socket("app.sock");
  }
  CHECK(open_one("unix:" + path).fd() >= 0);
}

TEST_CASE("a file name that no socket address can hold is refused with path and reason") {
  const scratch_folder folder;
  const std::string path = folder / std::string(200, 'n');
  const std::size_t before = descriptor_count();
  const opened result = open_at("unix:" + path);
  CHECK(result.failed.code.value() == ENAMETOOLONG);
  CHECK(result.failed.detail.find("unix:" + path) != std::string::npos);
  CHECK(descriptor_count() == before);
}

TEST_CASE("the access mode is exactly what was asked for under any umask") {
  const scratch_folder folder;
  const auto mode = GENERATE(0600U, 0660U, 0666U, 0777U, 0400U, 0U);
  const auto mask = GENERATE(0U, 022U, 077U, 0777U);
  const umask_guard guard(mask);
  const std::string path = folder / "app.sock";
  const listen_socket socket = open_one("unix:" + path, {.unix_mode = mode});
  CAPTURE(mode, mask);
  CHECK(mode_of(path) == mode);
}

TEST_CASE("a stale socket file is replaced") {
  const scratch_folder folder;
  const std::string path = folder / "app.sock";
  leave_stale_socket(path);
  REQUIRE(connect_unix(path) == ECONNREFUSED);
  const listen_socket socket = open_one("unix:" + path);
  CHECK(connect_unix(path) == 0);
}

TEST_CASE("a live socket is refused and goes on") {
  const scratch_folder folder;
  const std::string path = folder / "app.sock";
  const listen_socket first = open_one("unix:" + path);
  const std::size_t before = descriptor_count();
  const opened second = open_at("unix:" + path);
  CHECK(second.failed.code.value() == EADDRINUSE);
  CHECK(second.failed.detail == "cannot listen on unix:" + path + ": another program listens there");
  CHECK(second.sockets.empty());
  CHECK(descriptor_count() == before);
  CHECK(connect_unix(path) == 0);
}

TEST_CASE("a live socket whose queue is full is live") {
  const scratch_folder folder;
  const std::string path = folder / "app.sock";
  const listen_socket first = open_one("unix:" + path, {.backlog = 1});
  std::vector<unique_fd> waiting;
  const sockaddr_un address = unix_address(path);
  for (;;) {
    unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) break;
    waiting.push_back(std::move(fd));
    REQUIRE(waiting.size() < 100);
  }
  REQUIRE(errno == EAGAIN);
  CHECK(open_at("unix:" + path).failed.code.value() == EADDRINUSE);
  CHECK(is_socket_file(path));
}

TEST_CASE("what is not a socket is refused and kept") {
  const scratch_folder folder;
  const std::string path = folder / "in-the-way";
  SECTION("a regular file") {
    write_file(path, "precious\n");
    CHECK(open_at("unix:" + path).failed.code.value() == EADDRINUSE);
    CHECK(read_file_text(path) == "precious\n");
  }
  SECTION("a folder") {
    fs::create_directory(path);
    CHECK(open_at("unix:" + path).failed.code.failed());
    CHECK(fs::is_directory(path));
  }
  SECTION("a link to a stale socket, so that nothing behind a link is ever removed") {
    leave_stale_socket(folder / "stale.sock");
    fs::create_symlink(folder / "stale.sock", path);
    const opened result = open_at("unix:" + path);
    CHECK(result.failed.code.value() == EADDRINUSE);
    CHECK(result.failed.detail.find("not a socket is in the way") != std::string::npos);
    CHECK(fs::is_symlink(fs::symlink_status(path)));
    CHECK(is_socket_file(folder / "stale.sock"));
  }
}

TEST_CASE("a datagram socket in the way is not taken for a stale one") {
  const scratch_folder folder;
  const std::string path = folder / "datagrams.sock";
  const unique_fd holder(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = unix_address(path);
  REQUIRE(::bind(holder.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(open_at("unix:" + path).failed.code.value() == EADDRINUSE);
  CHECK(is_socket_file(path));
}

TEST_CASE("a folder that is not there is refused with path and reason") {
  const scratch_folder folder;
  const std::string path = folder / "missing/app.sock";
  const opened result = open_at("unix:" + path);
  CHECK(result.failed.code.value() == ENOENT);
  CHECK(result.failed.detail.find("unix:" + path) != std::string::npos);
  CHECK(result.failed.detail.find("No such file") != std::string::npos);
}

TEST_CASE("a file that somebody put in the place of ours is not removed") {
  const scratch_folder folder;
  const std::string path = folder / "app.sock";
  SECTION("another socket") {
    {
      const listen_socket first = open_one("unix:" + path);
      fs::rename(path, folder / "old.sock");
      leave_stale_socket(path);
    }
    CHECK(is_socket_file(path));
  }
  SECTION("a regular file") {
    {
      const listen_socket first = open_one("unix:" + path);
      fs::remove(path);
      write_file(path, "new\n");
    }
    CHECK(read_file_text(path) == "new\n");
  }
  SECTION("nothing") {
    const listen_socket first = open_one("unix:" + path);
    fs::remove(path);
  }
}

TEST_CASE("a relative socket file is found again after the program changed its directory") {
  const scratch_folder folder;
  {
    listen_socket socket;
    {
      const working_directory_guard here(folder.path());
      socket = open_one("unix:app.sock");
    }
    CHECK(is_socket_file(folder / "app.sock"));
  }
  CHECK_FALSE(is_socket_file(folder / "app.sock"));
}

TEST_CASE("moving a Unix listener moves its file along") {
  const scratch_folder folder;
  {
    listen_socket kept;
    {
      listen_socket one = open_one("unix:" + folder / "one.sock");
      kept = std::move(one);
    }
    CHECK(connect_unix(folder / "one.sock") == 0);
    kept = open_one("unix:" + folder / "two.sock");
    CHECK_FALSE(is_socket_file(folder / "one.sock"));
    CHECK(connect_unix(folder / "two.sock") == 0);
  }
  CHECK_FALSE(is_socket_file(folder / "two.sock"));
}
