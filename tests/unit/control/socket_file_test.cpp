// SPDX-License-Identifier: BSL-1.0
#include "control/socket_file.hpp"

#include "support/catch.hpp"

#include <cluster/control_client.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

using namespace cluster;
using namespace cluster::control;
namespace fs = std::filesystem;

namespace {

struct folder {
  folder() {
    char name[] = "/tmp/cluster-control-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return path + "/" + name; }
  std::string path;
};

std::size_t entries(const std::string& path) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
}

bool answers(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  ::close(fd);
  return connected;
}

}  // namespace

TEST_CASE("the socket is its owner's alone, whatever the umask, and goes with its object") {
  const folder here;
  const mode_t before = ::umask(0);
  {
    socket_file file;
    std::string detail;
    REQUIRE_FALSE(file.open(here / "a.sock", detail));
    struct stat made {};
    REQUIRE(::stat((here / "a.sock").c_str(), &made) == 0);
    CHECK((made.st_mode & 07777) == 0600);
    CHECK(answers(here / "a.sock"));
    CHECK(entries(here.path) == 1);  // nothing else was left behind
  }
  ::umask(before);
  CHECK(entries(here.path) == 0);
}

TEST_CASE("a stale socket file is replaced, a served one and other files are left alone") {
  const folder here;
  std::string detail;
  {
    socket_file dead;
    REQUIRE_FALSE(dead.open(here / "a.sock", detail));
    ::close(dead.release());
    fs::rename(here / "a.sock", here / "kept.sock");  // as after a kill -9: the file stays
  }
  fs::rename(here / "kept.sock", here / "a.sock");
  CHECK_FALSE(answers(here / "a.sock"));
  socket_file file;
  REQUIRE_FALSE(file.open(here / "a.sock", detail));
  CHECK(answers(here / "a.sock"));

  socket_file second;
  CHECK(second.open(here / "a.sock", detail) == make_error_code(error::owned_elsewhere));
  CHECK(detail.find(here / "a.sock") != detail.npos);
  CHECK(detail.find("by process " + std::to_string(::getpid())) != detail.npos);
  CHECK(answers(here / "a.sock"));

  std::ofstream(here / "text") << "mine";
  CHECK(second.open(here / "text", detail));
  CHECK(detail.find("a file that is not a socket is in the way") != detail.npos);
  CHECK(fs::file_size(here / "text") == 4);
  CHECK(second.open(here / "nowhere/a.sock", detail));
  CHECK(second.open(here.path + "/", detail));
}

TEST_CASE("a file that took the place of ours is not removed") {
  const folder here;
  std::string detail;
  socket_file first;
  REQUIRE_FALSE(first.open(here / "a.sock", detail));
  fs::remove(here / "a.sock");
  socket_file second;
  REQUIRE_FALSE(second.open(here / "a.sock", detail));
  first.remove();
  CHECK(answers(here / "a.sock"));
}

TEST_CASE("a path longer than the kernel's structure works, too") {
  const folder here;
  const std::string deep = here / std::string(120, 'd');
  fs::create_directory(deep);
  std::string detail;
  socket_file file;
  const error_code ec = file.open(deep + "/a.sock", detail);
  INFO(detail);
  REQUIRE_FALSE(ec);
  CHECK(fs::is_socket(deep + "/a.sock"));
}

TEST_CASE("a folder for the default path is made private, and a foreign one is refused") {
  const folder here;
  std::string detail;
  REQUIRE_FALSE(make_private_folder(here / "run", detail));
  struct stat made {};
  REQUIRE(::stat((here / "run").c_str(), &made) == 0);
  CHECK((made.st_mode & 0777) == 0700);
  CHECK_FALSE(make_private_folder(here / "run", detail));  // it may be there already
  REQUIRE(::chmod((here / "run").c_str(), 0777) == 0);
  CHECK(make_private_folder(here / "run", detail));
  CHECK(detail.find("other users may write there") != detail.npos);
  fs::create_directory_symlink(here.path, here / "link");
  CHECK(make_private_folder(here / "link", detail));
  CHECK(detail.find("it is not a folder") != detail.npos);
}

TEST_CASE("only this user and root are trusted") {
  CHECK(trusted(0));
  CHECK(trusted(::geteuid()));
  CHECK_FALSE(trusted(::geteuid() + 1));
}

TEST_CASE("the default path follows XDG_RUNTIME_DIR, and its clusters are found there") {
  const folder here;
  const char* before = std::getenv("XDG_RUNTIME_DIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("XDG_RUNTIME_DIR", here.path.c_str(), 1);
  CHECK(default_control_path("api") == here / "cluster/api.sock");
  std::string detail;
  REQUIRE_FALSE(make_private_folder(here / "cluster", detail));
  socket_file file;
  REQUIRE_FALSE(file.open(default_control_path("api"), detail));
  const auto found = control_sockets();
  CHECK(std::count(found.begin(), found.end(), here / "cluster/api.sock") == 1);
  ::unsetenv("XDG_RUNTIME_DIR");
  const std::string other = ::geteuid() == 0 ? "/run/cluster" : "/tmp/cluster-" + std::to_string(::geteuid());
  CHECK(default_control_path("api") == other + "/api.sock");
  if (before != nullptr) ::setenv("XDG_RUNTIME_DIR", kept.c_str(), 1);
}
