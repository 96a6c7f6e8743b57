// SPDX-License-Identifier: BSL-1.0
// What is said at NOTIFY_SOCKET, and what goes along.
#include "os/service_manager.hpp"

#include "unit/os/passing.hpp"

#include <poll.h>

#include <thread>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

struct heard {
  std::string text;
  unique_fd along;
};

/// The manager's end.
class ear {
 public:
  ear() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = unix_address(path());
    REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  std::string path() const { return folder_ / "notify"; }

  heard next() const {
    heard result;
    pollfd ready{fd_.get(), POLLIN, 0};
    if (::poll(&ready, 1, 5000) != 1) return result;
    char text[1024];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    iovec part{text, sizeof text};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(fd_.get(), &header, MSG_CMSG_CLOEXEC);
    if (size > 0) result.text.assign(text, static_cast<std::size_t>(size));
    if (const cmsghdr* entry = CMSG_FIRSTHDR(&header); entry != nullptr) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(entry), sizeof fd);
      result.along.reset(fd);
    }
    return result;
  }

 private:
  scratch_folder folder_;
  unique_fd fd_;
};

/// As the manager sets it.
struct environment {
  environment(const std::string& where, const char* room, const char* main)
      : socket("NOTIFY_SOCKET", where.c_str()), store("FDSTORE", room), pid("SYSTEMD_EXEC_PID", main) {}
  environment_guard socket;
  environment_guard store;
  environment_guard pid;
};

}  // namespace

TEST_CASE("a descriptor to keep goes along with its name") {
  const ear manager;
  const environment around(manager.path(), "4", nullptr);
  const service_manager told;
  CHECK(told.store_size() == 4);
  const unique_fd socket = passed_listener();
  REQUIRE_FALSE(told.store(socket.get(), "web"));
  const heard first = manager.next();
  CHECK(first.text == "FDSTORE=1\nFDPOLL=0\nFDNAME=web");
  REQUIRE(first.along);
  struct stat mine {};
  struct stat theirs {};
  REQUIRE(::fstat(socket.get(), &mine) == 0);
  REQUIRE(::fstat(first.along.get(), &theirs) == 0);
  CHECK(mine.st_ino == theirs.st_ino);
  told.forget("web");
  const heard second = manager.next();
  CHECK(second.text == "FDSTOREREMOVE=1\nFDNAME=web");
  CHECK_FALSE(second.along);
}

TEST_CASE("a barrier ends when the manager has come to it") {
  const ear manager;
  const environment around(manager.path(), "4", nullptr);
  const service_manager told;
  const std::size_t before = descriptor_count();
  bool done = false;
  std::thread waiting([&] { done = told.wait_until_done(); });
  {
    const heard barrier = manager.next();
    CHECK(barrier.text == "BARRIER=1");
    CHECK(barrier.along);
  }
  waiting.join();
  CHECK(done);
  CHECK(descriptor_count() == before);
}

TEST_CASE("nothing is kept for a process that the manager has not started, or without room") {
  const ear manager;
  const auto room = [&](const char* size, const char* main) {
    const environment around(manager.path(), size, main);
    return service_manager().store_size();
  };
  const std::string own = std::to_string(::getpid());
  CHECK(room("4", own.c_str()) == 4);
  CHECK(room("4", "1") == 0);
  CHECK(room(nullptr, own.c_str()) == 0);
  CHECK(room("0", own.c_str()) == 0);
  CHECK(room("many", own.c_str()) == 0);
}

TEST_CASE("without a manager nothing is sent, and nobody waits") {
  const environment around("relative", "4", nullptr);
  const service_manager nobody;
  CHECK(nobody.store_size() == 0);
  CHECK_FALSE(nobody.store(0, "web"));
  CHECK(nobody.wait_until_done());
  const environment gone("/no/such/socket", "4", nullptr);
  const service_manager deaf;
  CHECK(deaf.store(0, "web"));
  CHECK_FALSE(deaf.wait_until_done());
}
