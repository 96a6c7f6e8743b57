// SPDX-License-Identifier: BSL-1.0
// What runs out, and comes back: descriptors and processes, taken away from outside.
#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/process.hpp"
#include "support/program.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <list>
#include <memory>
#include <thread>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

program_settings workbench(std::vector<std::string> flags) {
  program_settings settings{
      CLUSTER_TEST_BINARY_DIR "/examples/90_workbench", {"--listen", "127.0.0.1:0"}, {}, {}};
  settings.arguments.insert(settings.arguments.end(), flags.begin(), flags.end());
  return settings;
}

/// A limit of another process, for a scope.
class limited {
 public:
  limited(int pid, __rlimit_resource what, rlim_t most) : pid_(pid), what_(what) {
    REQUIRE(::prlimit(pid_, what_, nullptr, &before_) == 0);
    const rlimit low{most, before_.rlim_max};
    REQUIRE(::prlimit(pid_, what_, &low, nullptr) == 0);
  }
  ~limited() { ::prlimit(pid_, what_, &before_, nullptr); }
  limited(const limited&) = delete;
  limited& operator=(const limited&) = delete;

 private:
  int pid_;
  __rlimit_resource what_;
  rlimit before_{};
};

}  // namespace

TEST_CASE("a worker without descriptors: accepting rests, it is an event, and goes on", "[resources]") {
  program cluster(workbench({"--workers", "1"}));
  cluster.wait_ready(1);
  const std::uint16_t port = cluster.port();
  const int worker = cluster.ready_workers().front().pid;
  connection held(port);
  REQUIRE(held.get("/").status == 200);
  std::list<connection> waiting;
  {
    const limited few(worker, RLIMIT_NOFILE, descriptors_of(worker));
    for (int i = 0; i < 4; ++i) {
      waiting.emplace_back(port);
      REQUIRE(waiting.back().send("GET / HTTP/1.1\r\nHost: test\r\n\r\n"));
    }
    cluster.wait_for("accept: rests: Too many open files");
    const long before = ticks_of(worker);
    std::this_thread::sleep_for(300ms);
    CHECK(ticks_of(worker) - before < 10);  // a spinning one would have 30
    CHECK(held.get("/").status == 200);
    CHECK(cluster.count("accept: rests") <= 2);  // the worker's line and the supervisor's
  }
  for (connection& each : waiting) CHECK(each.receive().status == 200);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("a supervisor without descriptors: no worker starts, those there serve, and it recovers",
          "[resources]") {
  const scratch_folder folder;
  program cluster(workbench({"--workers", "2", "--rendezvous", folder / "home"}));
  cluster.wait_ready(2);
  const std::uint16_t port = cluster.port();
  {
    const limited few(cluster.pid(), RLIMIT_NOFILE, 5);
    ::kill(cluster.ready_workers().front().pid, SIGKILL);
    cluster.wait_for(" could not be started: ");
    const long before = ticks_of(cluster.pid());
    std::this_thread::sleep_for(300ms);
    CHECK(ticks_of(cluster.pid()) - before < 10);
    for (int i = 0; i < 5; ++i) CHECK(get(port, "/").status == 200);
    CHECK(cluster.count(" is ready") == 2);
  }
  cluster.wait_ready(3);
  CHECK(get(port, "/").status == 200);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("no process can be started: it is said, those there serve, and it recovers", "[resources]") {
  // Root's processes are not counted, so the program runs as nobody, who may have eight.
  program_settings settings = workbench({"--workers", "2", "--control", "off"});
  const std::vector<std::string> nobody{"--reuid=65534", "--regid=65534", "--clear-groups"};
  const std::string setpriv = "/usr/bin/setpriv";
  if (::geteuid() != 0 || !std::filesystem::exists(setpriv) || !std::filesystem::exists("/usr/bin/prlimit")) {
    WARN("left out: needs root, setpriv and prlimit");
    return;
  }
  std::vector<std::string> all{"--nproc=8", setpriv};
  all.insert(all.end(), nobody.begin(), nobody.end());
  // Where that user may read it, which the folder of this build need not be.
  const scratch_folder folder;
  const std::string executable = folder / "workbench";
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  std::filesystem::copy_file(settings.path, executable);
  all.push_back(executable);
  settings.arguments.insert(settings.arguments.begin(), all.begin(), all.end());
  settings.path = "/usr/bin/prlimit";
  program cluster(settings);
  cluster.wait_ready(2);
  const std::uint16_t port = cluster.port();
  {
    std::list<program> others;
    for (int i = 0; i < 8; ++i) {
      std::vector<std::string> sleeping = nobody;
      sleeping.insert(sleeping.end(), {"/bin/sleep", "60"});
      others.emplace_back(program_settings{setpriv, sleeping, {}, {}});
    }
    ::kill(cluster.ready_workers().front().pid, SIGKILL);
    cluster.wait_for(" could not be started: clone: Resource temporarily unavailable");
    for (int i = 0; i < 5; ++i) CHECK(get(port, "/").status == 200);
  }
  cluster.wait_ready(3);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("notes that cannot be written: it is said, and they are as soon as it is possible", "[resources]") {
  const scratch_folder folder;
  const std::vector<std::string> flags{"--workers", "2", "--rendezvous", folder / "home"};
  auto cluster = std::make_unique<program>(workbench(flags));
  cluster->wait_ready(2);
  // As good as a full disk. The notes on the second worker may just be on their way under that name.
  for (std::error_code ec; !std::filesystem::create_directory(folder / "home.state.new", ec);) continue;
  ::kill(cluster->ready_workers().front().pid, SIGKILL);
  cluster->wait_for("home.state: Is a directory; if this supervisor dies, the next one cannot take");
  cluster->wait_ready(3);
  CHECK(get(cluster->port(), "/").status == 200);
  std::filesystem::remove(folder / "home.state.new");
  cluster->wait_for("home.state is written again");
  CHECK(cluster->count("cannot take its workers over") == 1);
  cluster->signal(SIGKILL);
  while (process_exists(cluster->pid())) std::this_thread::sleep_for(1ms);
  program next(workbench(flags));
  next.wait_for("took over 2 of 2 workers");
  next.signal(SIGTERM);
  CHECK(next.wait_exit().code == 0);
}
