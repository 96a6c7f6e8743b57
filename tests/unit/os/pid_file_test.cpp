// SPDX-License-Identifier: BSL-1.0
#include "os/pid_file.hpp"
#include "support/catch.hpp"
#include "unit/os/surroundings.hpp"

#include <poll.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <atomic>
#include <barrier>
#include <filesystem>
#include <thread>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;
namespace fs = std::filesystem;

namespace {

const std::string own_line = std::to_string(::getpid()) + "\n";

}  // namespace

TEST_CASE("a pid file holds the pid while the object lives and is gone after it") {
  const scratch_folder folder;
  const std::string path = folder / "app.pid";
  const std::size_t before = descriptor_count();
  {
    pid_file file;
    REQUIRE_FALSE(file.acquire(path));
    CHECK(read_file_text(path) == own_line);
    pid_file moved(std::move(file));
    CHECK(fs::exists(path));
  }
  CHECK_FALSE(fs::exists(path));
  CHECK(descriptor_count() == before);
}

TEST_CASE("an object that holds nothing removes nothing") {
  const scratch_folder folder;
  const std::string path = folder / "app.pid";
  pid_file first;
  REQUIRE_FALSE(first.acquire(path));
  {
    pid_file second;
    CHECK(second.acquire(path));
    const pid_file never_used;
  }
  CHECK(read_file_text(path) == own_line);
}

TEST_CASE("a held pid file is refused with the holder's pid") {
  const scratch_folder folder;
  const std::string path = folder / "app.pid";
  pid_file first;
  REQUIRE_FALSE(first.acquire(path));
  const std::size_t before = descriptor_count();
  {
    pid_file second;
    const failure failed = second.acquire(path);
    CHECK(failed.code == error::owned_elsewhere);
    CHECK(failed.detail == "pid-file: " + path + " is held by process " + std::to_string(::getpid()));
    CHECK(descriptor_count() == before);
  }
  CHECK(read_file_text(path) == own_line);
}

TEST_CASE("a stale pid file is taken over, whatever is in it") {
  const scratch_folder folder;
  const std::string path = folder / "app.pid";
  const auto content = GENERATE(as<std::string>{}, "", "999999999999999999999999\n", "1\n", "not a pid");
  write_file(path, content);
  pid_file file;
  REQUIRE_FALSE(file.acquire(path));
  CHECK(read_file_text(path) == own_line);
}

TEST_CASE("a lock that a dead holder's half-started child still has is waited for") {
  const scratch_folder folder;
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  REQUIRE(::waitpid(dead, nullptr, 0) == dead);
  const std::string path = folder / "app.pid";
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  REQUIRE(::flock(fd, LOCK_EX | LOCK_NB) == 0);
  const std::string text = std::to_string(dead) + "\n";
  REQUIRE(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  const pid_t child = ::fork();
  if (child == 0) {
    ::poll(nullptr, 0, 60);
    ::_exit(0);
  }
  ::close(fd);
  pid_file file;
  const failure failed = file.acquire(path);
  INFO(failed.detail);
  CHECK_FALSE(failed);
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("a pid file that somebody replaced is not removed") {
  const scratch_folder folder;
  const std::string path = folder / "app.pid";
  {
    pid_file file;
    REQUIRE_FALSE(file.acquire(path));
    fs::remove(path);
    write_file(path, "4711\n");
  }
  CHECK(read_file_text(path) == "4711\n");
}

TEST_CASE("a pid file that somebody removed is no trouble at the end") {
  const scratch_folder folder;
  const std::string path = folder / "app.pid";
  pid_file file;
  REQUIRE_FALSE(file.acquire(path));
  fs::remove(path);
}

TEST_CASE("a relative pid file is removed although the program changed its directory") {
  const scratch_folder folder;
  {
    pid_file file;
    {
      const working_directory_guard here(folder.path());
      REQUIRE_FALSE(file.acquire("app.pid"));
    }
    CHECK(fs::exists(folder / "app.pid"));
  }
  CHECK_FALSE(fs::exists(folder / "app.pid"));
}

TEST_CASE("a pid file never writes through a link") {
  const scratch_folder folder;
  write_file(folder / "precious", "keep me\n");
  fs::create_symlink(folder / "precious", folder / "app.pid");
  pid_file file;
  const failure failed = file.acquire(folder / "app.pid");
  CHECK(failed);
  CHECK(failed.detail.find(folder / "app.pid") != std::string::npos);
  CHECK(read_file_text(folder / "precious") == "keep me\n");
}

TEST_CASE("a pid file in a folder that is not there is refused with path and reason") {
  const scratch_folder folder;
  pid_file file;
  const failure failed = file.acquire(folder / "missing/app.pid");
  CHECK(failed.code.value() == ENOENT);
  CHECK(failed.detail.find(folder / "missing/app.pid") != std::string::npos);
  CHECK(failed.detail.find("No such file") != std::string::npos);
}

TEST_CASE("of several that want one pid file at once exactly one gets it") {
  const scratch_folder folder;
  const std::string path = folder / "app.pid";
  constexpr int rivals = 3;
  for (int round = 0; round < 60; ++round) {
    std::barrier<> start(rivals);
    std::barrier<> finish(rivals);
    std::atomic<int> winners = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < rivals; ++i)
      threads.emplace_back([&] {
        pid_file file;
        start.arrive_and_wait();
        if (!file.acquire(path)) ++winners;
        finish.arrive_and_wait();
      });
    for (std::thread& thread : threads) thread.join();
    CAPTURE(round);
    REQUIRE(winners == 1);
    REQUIRE_FALSE(fs::exists(path));
  }
}
