// SPDX-License-Identifier: BSL-1.0
#include "unit/os/listening.hpp"
#include "unit/os/surroundings.hpp"

#include <sys/file.h>

#include <array>
#include <atomic>
#include <barrier>
#include <thread>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

struct attempt {
  failure failed;
  std::vector<listen_socket> sockets;
};

}  // namespace

TEST_CASE("of several that find one stale socket file exactly one gets it, and it works") {
  const scratch_folder folder;
  listen_address address;
  address.what = listen_address::kind::unix_socket;
  address.path = folder / "app.sock";
  for (int round = 0; round < 40; ++round) {
    leave_stale_socket(address.path);
    std::array<attempt, 3> attempts;
    std::barrier<> start(static_cast<std::ptrdiff_t>(attempts.size()));
    std::vector<std::thread> threads;
    for (attempt& each : attempts)
      threads.emplace_back([&] {
        start.arrive_and_wait();
        each.failed = open_listeners(address, {}, each.sockets);
      });
    for (std::thread& thread : threads) thread.join();
    CAPTURE(round);
    int winners = 0;
    for (const attempt& each : attempts) {
      if (!each.failed) ++winners;
      else CHECK(each.failed.code.value() == EADDRINUSE);
    }
    REQUIRE(winners == 1);
    REQUIRE(connect_unix(address.path) == 0);
  }
}

TEST_CASE("a socket file is never wider than asked, not even for a moment") {
  const scratch_folder folder;
  const umask_guard open_mask(0);
  const std::string path = folder / "app.sock";
  std::atomic<bool> stop = false;
  std::atomic<unsigned> seen_bits = 0;
  std::atomic<unsigned> looks = 0;
  std::thread watcher([&] {
    while (!stop) {
      struct stat found {};
      if (::lstat(path.c_str(), &found) == 0) seen_bits |= found.st_mode & 0777U;
      ++looks;
    }
  });
  for (int round = 0; round < 300; ++round) {
    const listen_socket socket = open_one("unix:" + path, {.unix_mode = 0600});
    const unsigned now = looks;
    while (round == 0 && looks == now) std::this_thread::yield();  // it did look
  }
  stop = true;
  watcher.join();
  CHECK(seen_bits == 0600);
}

TEST_CASE("an opener waits for the one that is at work in the same folder") {
  const scratch_folder folder;
  const std::size_t before = descriptor_count();
  const unique_fd held(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(::flock(held.get(), LOCK_EX) == 0);
  attempt late;
  listen_address address;
  address.what = listen_address::kind::unix_socket;
  address.path = folder / "app.sock";
  std::thread opener([&] { late.failed = open_listeners(address, {}, late.sockets); });
  CHECK_FALSE(is_socket_file(address.path));
  ::flock(held.get(), LOCK_UN);
  opener.join();
  INFO(late.failed.detail);
  CHECK_FALSE(late.failed);
  late.sockets.clear();
  CHECK(descriptor_count() == before + 1);
}
