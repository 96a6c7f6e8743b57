// SPDX-License-Identifier: BSL-1.0
// What looking costs: a verb's time and memory, and the screen that stays.
#include "scenario/control/controlled.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <fstream>

using namespace cluster::test;

namespace {

double cpu_ms_of_verb(const std::string& socket, const char* verb) {
  const std::string tool = CLUSTER_TEST_BINARY_DIR "/clusterctl";
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(nowhere, STDOUT_FILENO);
    ::execl(tool.c_str(), tool.c_str(), "-s", socket.c_str(), verb, nullptr);
    ::_exit(127);
  }
  ::close(nowhere);
  int status = 0;
  rusage used{};
  REQUIRE(::wait4(child, &status, 0, &used) == child);
  CHECK(status == 0);
  const auto ms = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return ms(used.ru_utime) + ms(used.ru_stime);
}

/// The most memory that a process ever had.
long peak_kib_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  return -1;
}

}  // namespace

// Time on a CPU, for others may be using the machine; there is nothing that a verb waits for but the answer.
TEST_CASE("a verb takes at most 10 ms and 8 MiB", "[ctl]") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return skipped("sanitizers take time and memory of their own");
#endif
  controlled it({"--workers", "4"});
  it.cluster.wait_ready(4);
  for (const char* verb : {"list", "ping", "pid", "metrics"}) {
    double quickest = 1e9;
    for (int i = 0; i < 9; ++i) quickest = std::min(quickest, cpu_ms_of_verb(it.socket(), verb));
    UNSCOPED_INFO(verb << ": " << quickest << " ms");
    CHECK(quickest <= 10);
  }
  // One that is still there, so that it can be looked at; it has done all that others do.
  program watcher(
      {CLUSTER_TEST_BINARY_DIR "/clusterctl", {"-s", it.socket(), "list", "--watch", "0.1"}, {}, {}});
  watcher.wait_for("4/4 ready");
  const long peak = peak_kib_of(watcher.pid());
  UNSCOPED_INFO("memory: " << peak << " KiB");
  CHECK(peak > 0);
  CHECK(peak <= 8 * 1024);
  watcher.signal(SIGINT);
  CHECK(watcher.wait_exit().code == 0);
  it.stop();
}
