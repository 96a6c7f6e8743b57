// SPDX-License-Identifier: BSL-1.0
// Taking hold of processes and their listeners when whoever started them is gone.
#include "os/left_behind.hpp"

#include "integration/os/launching.hpp"
#include "os/listen_socket.hpp"
#include "os/rendezvous.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

struct sleeping {
  explicit sleeping(const std::vector<int>& sockets, const std::string& count = {}) {
    launch_plan plan = plan_for("/bin/sleep", {"1000"});
    for (const int each : sockets)
      plan.descriptors.push_back({each, STDERR_FILENO + static_cast<int>(plan.descriptors.size()) + 1});
    plan.environment.push_back("LISTEN_FDS=" + (count.empty() ? std::to_string(sockets.size()) : count));
    plan.environment.emplace_back("LISTEN_FDNAMES=web:admin");
    process = start(plan);
  }
  ~sleeping() {
    ::syscall(SYS_pidfd_send_signal, process.pidfd.get(), SIGKILL, nullptr, 0);
    wait_end(process);
  }
  launched_process process;
};

std::vector<listen_socket> two_listeners() {
  std::vector<listen_socket> all;
  std::string why;
  for (int i = 0; i < 2; ++i) {
    const auto address = parse_listen_address("127.0.0.1:0", why);
    REQUIRE(address);
    REQUIRE_FALSE(open_listeners(*address, {}, all));
  }
  return all;
}

}  // namespace

TEST_CASE("a process that was left behind comes with its listeners and their names", "[left_behind]") {
  const auto open = two_listeners();
  const sleeping one({open[0].fd(), open[1].fd()});
  const auto since = start_of_process(one.process.pid);
  REQUIRE(since);
  left_behind found;
  REQUIRE_FALSE(take_hold(one.process.pid, *since, found));
  CHECK(found.process.pid == one.process.pid);
  if (found.listeners.empty()) return skipped("this user may not look into other processes");
  REQUIRE(found.listeners.size() == 2);
  CHECK(found.names == std::vector<std::string>{"web", "admin"});
  for (std::size_t i = 0; i < 2; ++i) {
    listener described;
    REQUIRE_FALSE(describe_listener(found.listeners[i].get(), described));
    CHECK(described.uri == open[i].description().uri);
  }
}

TEST_CASE("the listeners of a process that says nothing are copied by where they listen", "[left_behind]") {
  const auto open = two_listeners();
  const sleeping one({open[0].fd(), open[1].fd()}, "0");
  for (const auto& each : open) {
    const unique_fd copy = copy_listener(one.process, each.description().uri);
    if (!copy) return skipped("this user may not look into other processes");
    listener described;
    REQUIRE_FALSE(describe_listener(copy.get(), described));
    CHECK(described.uri == each.description().uri);
  }
  CHECK_FALSE(copy_listener(one.process, "tcp://127.0.0.1:1"));
}

TEST_CASE("what is not there any more, or is another process, is not taken", "[left_behind]") {
  const auto open = two_listeners();
  left_behind found;
  {
    const sleeping one({open[0].fd()}, "7");  // it was given more than it has now
    const auto since = start_of_process(one.process.pid);
    REQUIRE(since);
    CHECK(take_hold(one.process.pid, *since + 1, found));
    REQUIRE_FALSE(take_hold(one.process.pid, *since, found));
    CHECK(found.listeners.size() <= 1);
  }
  CHECK(take_hold(found.process.pid, 1, found));
  const sleeping nonsense({}, "many");
  left_behind other;
  REQUIRE_FALSE(take_hold(nonsense.process.pid, *start_of_process(nonsense.process.pid), other));
  CHECK(other.listeners.empty());
}
