// SPDX-License-Identifier: BSL-1.0
// Listeners that a service manager keeps while nothing of the cluster is there.
#include "support/catch.hpp"
#include "support/program.hpp"
#include "support/strict_load.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

using namespace cluster::test;
using namespace std::chrono_literals;
using manner = strict_load::manner;

namespace {

/// A service manager with a store, as far as this goes.
class service_manager {
 public:
  service_manager() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder_ / "notify";
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("bind " + path);
    reader_ = std::thread([this] { read(); });
  }
  ~service_manager() {
    over_ = true;
    reader_.join();
    ::close(fd_);
    for (const auto& [name, fd] : store_) ::close(fd);
  }
  service_manager(const service_manager&) = delete;
  service_manager& operator=(const service_manager&) = delete;

  std::string folder(const std::string& name) const { return folder_ / name; }

  std::vector<std::string> stored() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, fd] : store_) names.push_back(name);
    return names;
  }
  bool wait_stored(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return store_.size() == count; });
  }

  /// Starts the program as its main process, with what is in the store.
  std::unique_ptr<program> start(std::vector<std::string> flags, const std::string& room = "8") {
    const std::lock_guard lock(mutex_);
    program_settings settings{
        "/bin/sh",
        {"-c", "LISTEN_PID=$$ SYSTEMD_EXEC_PID=$$ exec \"$0\" \"$@\"",
         CLUSTER_TEST_BINARY_DIR "/examples/90_workbench", "--workers", "2", "--rendezvous", "off"},
        {"NOTIFY_SOCKET=" + (folder_ / "notify"), "FDSTORE=" + room},
        {}};
    settings.arguments.insert(settings.arguments.end(), flags.begin(), flags.end());
    std::string names;
    for (const auto& [name, fd] : store_) {
      settings.descriptors.emplace_back(fd, 3 + static_cast<int>(settings.descriptors.size()));
      names += (names.empty() ? "" : ":") + name;
    }
    settings.environment.push_back("LISTEN_FDS=" + std::to_string(store_.size()));
    settings.environment.push_back("LISTEN_FDNAMES=" + names);
    return std::make_unique<program>(std::move(settings));
  }

 private:
  void read() {
    while (!over_) {
      pollfd ready{fd_, POLLIN, 0};
      if (::poll(&ready, 1, 20) == 1) take();
    }
  }

  void take() {
    char text[4096];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 8)];
    iovec part{text, sizeof text};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(fd_, &header, MSG_CMSG_CLOEXEC);
    int along = -1;
    if (const cmsghdr* entry = CMSG_FIRSTHDR(&header); entry != nullptr && entry->cmsg_type == SCM_RIGHTS)
      std::memcpy(&along, CMSG_DATA(entry), sizeof along);
    const std::string said = "\n" + std::string(text, size > 0 ? static_cast<std::size_t>(size) : 0) + "\n";
    const auto at = said.find("\nFDNAME=");
    const std::string name =
        at == std::string::npos ? "" : said.substr(at + 8, said.find('\n', at + 8) - at - 8);
    const std::lock_guard lock(mutex_);
    if (said.find("\nFDSTOREREMOVE=1\n") != std::string::npos) remove(name);
    if (said.find("\nFDSTORE=1\n") != std::string::npos && along >= 0 && !has(along))
      store_.emplace_back(name, std::exchange(along, -1));
    if (along >= 0) ::close(along);  // a barrier ends with that
    changed_.notify_all();
  }

  void remove(const std::string& name) {
    for (const auto& [each, fd] : store_)
      if (each == name) ::close(fd);
    std::erase_if(store_, [&](const auto& each) { return each.first == name; });
  }

  bool has(int fd) const {
    struct stat one {};
    ::fstat(fd, &one);
    return std::ranges::any_of(store_, [&](const auto& each) {
      struct stat other {};
      return ::fstat(each.second, &other) == 0 && one.st_ino == other.st_ino;
    });
  }

  scratch_folder folder_;
  int fd_;
  std::atomic<bool> over_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::string, int>> store_;
  std::thread reader_;
};

void kill_everything(program& cluster) {
  cluster.signal(SIGKILL);
  for (const auto& each : cluster.ready_workers()) ::kill(each.pid, SIGKILL);
  CHECK(cluster.wait_exit().signal == SIGKILL);  // and the workers, which hold its output
}

bool ask(connection& where) { return where.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n"); }

}  // namespace

TEST_CASE("everything is killed: who connects meanwhile is answered by the next start", "[service]") {
  service_manager manager;
  const std::string path = manager.folder("app.sock");
  const std::vector<std::string> flags{"--listen", "127.0.0.1:0?name=web", "--listen", "unix:" + path};
  auto cluster = manager.start(flags);
  cluster->wait_ready(2);
  REQUIRE(manager.wait_stored(2));
  const std::uint16_t port = cluster->port();
  for (int round = 0; round < 2; ++round) {
    kill_everything(*cluster);
    connection over_tcp(port);
    connection over_unix(path);
    REQUIRE(ask(over_tcp));
    REQUIRE(ask(over_unix));
    cluster = manager.start(flags);
    cluster->wait_for("has kept the listeners of 2 of 2 addresses");
    CHECK(over_tcp.receive().status == 200);
    CHECK(over_unix.receive().status == 200);
    cluster->wait_ready(2);
    CHECK(cluster->port() == port);
    CHECK(manager.stored().size() == 2);
  }
  cluster->signal(SIGTERM);
  CHECK(cluster->wait_exit().code == 0);
}

TEST_CASE("a restart by the service manager refuses nobody", "[service]") {
  service_manager manager;
  const std::vector<std::string> flags{"--listen", "127.0.0.1:0"};
  auto cluster = manager.start(flags);
  cluster->wait_ready(2);
  REQUIRE(manager.wait_stored(1));
  strict_load clients(cluster->port(), 11, {{manner::single, 4}});
  for (int round = 0; round < 3; ++round) {
    clients.wait_for_more(50);
    cluster->signal(SIGTERM);
    CHECK(cluster->wait_exit().code == 0);
    cluster = manager.start(flags);
    cluster->wait_ready(2);
  }
  clients.wait_for_more(50);
  const strict_load::result seen = clients.finish();
  INFO(seen.words());
  CHECK(seen.lost() == 0);
  CHECK(manager.stored().size() == 1);
  cluster->signal(SIGTERM);
  CHECK(cluster->wait_exit().code == 0);
}

TEST_CASE("listeners that are not wanted any more leave the store before others are bound", "[service]") {
  service_manager manager;
  auto cluster = manager.start({"--listen", "127.0.0.1:0", "--listen", "unix:" + manager.folder("one.sock")});
  cluster->wait_ready(2);
  REQUIRE(manager.wait_stored(2));
  const std::string port = std::to_string(cluster->port());
  cluster->signal(SIGTERM);
  CHECK(cluster->wait_exit().code == 0);
  // As long as the other one is there this address cannot be had.
  std::filesystem::remove(manager.folder("one.sock"));
  cluster = manager.start({"--listen", "0.0.0.0:" + port, "--listen", "unix:" + manager.folder("one.sock")});
  cluster->wait_for("listeners that are not wanted any more");
  cluster->wait_ready(2);
  CHECK(std::to_string(cluster->port()) == port);
  REQUIRE(manager.wait_stored(2));
  CHECK(get(cluster->port(), "/").status == 200);
  CHECK(connection(manager.folder("one.sock")).get("/").status == 200);
  for (const std::string& name : manager.stored()) {
    INFO(name);
    CHECK(name.find("127.0.0.1") == std::string::npos);
  }
  cluster->signal(SIGTERM);
  CHECK(cluster->wait_exit().code == 0);
}

TEST_CASE("a store without room for all listeners gets none, and it is said", "[service]") {
  service_manager manager;
  auto cluster = manager.start({"--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"}, "1");
  cluster->wait_for("the service manager keeps no listeners: ");
  cluster->wait_ready(2);
  CHECK(manager.stored().empty());
  cluster->signal(SIGTERM);
  CHECK(cluster->wait_exit().code == 0);
}
