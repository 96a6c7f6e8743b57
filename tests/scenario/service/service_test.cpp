// SPDX-License-Identifier: BSL-1.0
// What a service manager hears of a cluster.
#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

/// A service manager's socket.
class ear {
 public:
  explicit ear(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("bind " + path);
  }
  ~ear() { ::close(fd_); }
  ear(const ear&) = delete;
  ear& operator=(const ear&) = delete;

  /// The next datagram that holds this line.
  std::string wait_for(const std::string& line) const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      pollfd ready{fd_, POLLIN, 0};
      if (::poll(&ready, 1, 100) != 1) continue;
      char buffer[4096];
      const ssize_t length = ::recv(fd_, buffer, sizeof buffer, 0);
      const std::string text =
          "\n" + std::string(buffer, length > 0 ? static_cast<std::size_t>(length) : 0) + "\n";
      if (text.find("\n" + line + "\n") != std::string::npos) return text;
    }
    throw std::runtime_error("nobody said " + line);
  }

 private:
  int fd_;
};

}  // namespace

TEST_CASE("a service manager hears when the cluster is ready, reloads and stops, and that it lives",
          "[service]") {
  scratch_folder folder;
  ear manager(folder / "notify");
  program cluster({CLUSTER_TEST_BINARY_DIR "/examples/90_workbench",
                   {"--listen", "127.0.0.1:0", "--workers", "2"},
                   {"NOTIFY_SOCKET=" + (folder / "notify"), "WATCHDOG_USEC=100000"},
                   {}});
  const std::string ready = manager.wait_for("READY=1");
  CHECK(ready.find("\nMAINPID=" + std::to_string(cluster.pid()) + "\n") != std::string::npos);
  CHECK(ready.find("\nSTATUS=2 of 2 workers are ready\n") != std::string::npos);
  cluster.wait_ready(2);
  for (int beat = 0; beat < 3; ++beat) manager.wait_for("WATCHDOG=1");
  cluster.signal(SIGHUP);
  CHECK(manager.wait_for("RELOADING=1").find("\nMONOTONIC_USEC=") != std::string::npos);
  manager.wait_for("READY=1");
  cluster.wait_for("reload completed");
  ::kill(cluster.ready_workers().back().pid, SIGKILL);
  manager.wait_for("STATUS=1 of 2 workers are ready");
  cluster.signal(SIGTERM);
  manager.wait_for("STOPPING=1");
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("a service manager that does not listen changes nothing", "[service]") {
  const std::string where = GENERATE(as<std::string>{}, "/no/such/socket", "relative", "@");
  program cluster({CLUSTER_TEST_BINARY_DIR "/examples/90_workbench",
                   {"--listen", "127.0.0.1:0", "--workers", "1"},
                   {"NOTIFY_SOCKET=" + where, "WATCHDOG_USEC=never"},
                   {}});
  cluster.wait_ready(1);
  CHECK(get(cluster.port(), "/").status == 200);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}
