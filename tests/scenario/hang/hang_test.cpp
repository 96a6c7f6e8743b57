// SPDX-License-Identifier: BSL-1.0
// Workers whose event loop stands still, by their own fault or not: whole programs, from outside.
#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"

#include <sched.h>
#include <signal.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace cluster::test;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

program_settings workbench(std::vector<std::string> flags) {
  program_settings settings;
  settings.path = CLUSTER_TEST_BINARY_DIR "/examples/90_workbench";
  settings.arguments = {"--listen", "127.0.0.1:0"};
  settings.arguments.insert(settings.arguments.end(), flags.begin(), flags.end());
  return settings;
}

double seconds_since(clock_type::time_point start) {
  return std::chrono::duration<double>(clock_type::now() - start).count();
}

/// Threads that take all of one CPU away from whoever shares it with them.
class burners {
 public:
  burners(int cpu, int count) {
    for (int i = 0; i < count; ++i)
      threads_.emplace_back([this, cpu] {
        pin(0, cpu);
        while (!stop_) continue;
      });
  }
  ~burners() {
    stop_ = true;
    for (std::thread& each : threads_) each.join();
  }
  burners(const burners&) = delete;
  burners& operator=(const burners&) = delete;

  static void pin(int pid, int cpu) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<unsigned>(cpu), &only);
    ::sched_setaffinity(pid, sizeof only, &only);
  }

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

void let_pass(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

}  // namespace

TEST_CASE("a worker that hangs is found in time, gets its successor first, and is ended", "[hang]") {
  const std::string route = GENERATE(as<std::string>{}, "/hang", "/spin/600000");
  program cluster(workbench({"--workers", "2", "--hang-timeout", "500ms"}));
  cluster.wait_ready(2);
  load clients(cluster.port(), load::mode::connection_per_request, 2);
  connection stuck(cluster.port());
  const auto start = clock_type::now();
  REQUIRE(stuck.send("GET " + route + " HTTP/1.1\r\nHost: test\r\n\r\n"));
  cluster.wait_for(" hangs: its event loop stood still for ");
  const double took = seconds_since(start);
  cluster.wait_ready(3);
  cluster.wait_for("ended, hung: signal 9 (SIGKILL)");
  clients.wait_for_more(100);
  const load::result seen = clients.finish();
  const std::string all = cluster.output();
  WARN(route << " found after " << took << " s, the limit is 0.5 s");
  INFO("first problem: " << seen.first_problem << "\n" << all);
  CHECK(took >= 0.5);
  CHECK(took < (route == "/hang" ? 2.5 : 15.0));  // a spinning one has to get its second of CPU first
  // Where it stood: the function of the application is among the calls.
  CHECK(all.find(route == "/hang" ? " in pause < " : "add_routes") != std::string::npos);
  CHECK(all.find("does not turn its event loop") < all.find(" hangs: "));
  CHECK(cluster.ready_workers().size() == 3);
  CHECK(all.rfind(" is ready") < all.find("ended, hung"));
  CHECK(cluster.count(" ended, ") == 1);
  CHECK(seen.refused == 0);
  // What the hung one had accepted by then is lost with it, and nothing else.
  CHECK(seen.failed <= 2);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("a worker that is kept stopped is replaced, and one stopped for a moment is left alone", "[hang]") {
  program cluster(workbench(
      {"--workers", "2", "--hang-timeout", "400ms", "--drain-timeout", "200ms", "--kill-timeout", "200ms"}));
  cluster.wait_ready(2);
  const int victim = cluster.ready_workers().front().pid;
  ::kill(victim, SIGSTOP);
  SECTION("kept") {
    cluster.wait_for("has been kept stopped for ");
    cluster.wait_ready(3);
    CHECK(cluster.wait_for("ended, ").find("recycled: signal 9 (SIGKILL)") != std::string::npos);
    CHECK(get(cluster.port(), "/").status == 200);
  }
  SECTION("for a moment") {
    let_pass(800ms);  // twice the limit
    ::kill(victim, SIGCONT);
    let_pass(600ms);
    CHECK(cluster.count("ended, ") == 0);
    CHECK(cluster.count("is ready") == 2);
  }
  CHECK(cluster.count(" hangs: ") == 0);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("all workers stopped for a while, the supervisor, or everything: nobody is ended", "[hang]") {
  program cluster(workbench({"--workers", "3", "--hang-timeout", "400ms"}));
  cluster.wait_ready(3);
  const auto tell_all = [&](int number) {
    for (const auto& each : cluster.ready_workers()) ::kill(each.pid, number);
  };
  SECTION("the supervisor") {
    cluster.signal(SIGSTOP);
    let_pass(1200ms);  // three times the limit
    cluster.signal(SIGCONT);
  }
  SECTION("all workers") {
    tell_all(SIGSTOP);
    let_pass(800ms);
    tell_all(SIGCONT);
  }
  SECTION("everything") {
    tell_all(SIGSTOP);
    cluster.signal(SIGSTOP);
    let_pass(1000ms);
    cluster.signal(SIGCONT);
    let_pass(200ms);  // it sees them stopped, with signs that are old
    tell_all(SIGCONT);
  }
  let_pass(600ms);
  for (int i = 0; i < 20; ++i) REQUIRE(get(cluster.port(), "/").status == 200);
  INFO(cluster.output());
  CHECK(cluster.count(" hangs: ") == 0);
  CHECK(cluster.count("ended, ") == 0);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("workers that get next to no CPU are never ended", "[hang]") {
  program cluster(workbench({"--workers", "2", "--hang-timeout", "400ms"}));
  cluster.wait_ready(2);
  const sched_param none{};
  for (const auto& each : cluster.ready_workers()) {
    burners::pin(each.pid, 0);
    REQUIRE(::sched_setscheduler(each.pid, SCHED_IDLE, &none) == 0);
  }
  {
    const burners hungry(0, 4);
    let_pass(1500ms);
  }
  let_pass(300ms);
  for (int i = 0; i < 20; ++i) REQUIRE(get(cluster.port(), "/").status == 200);
  INFO(cluster.output());
  CHECK(cluster.count(" hangs: ") == 0);
  CHECK(cluster.count("ended, ") == 0);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("a hang with a core asked for ends by ABRT", "[hang]") {
  program_settings settings = workbench({"--workers", "2", "--hang-timeout", "400ms"});
  settings.environment = {"CLUSTER_HANG_CORE=on"};
  program cluster(settings);
  cluster.wait_ready(2);
  connection stuck(cluster.port());
  REQUIRE(stuck.send("GET /hang HTTP/1.1\r\nHost: test\r\n\r\n"));
  CHECK(cluster.wait_for("ended, hung: ").find("signal 6 (SIGABRT)") != std::string::npos);
}

TEST_CASE("without a limit nobody is found to hang", "[hang]") {
  program cluster(workbench({"--workers", "2", "--hang-timeout", "0"}));
  cluster.wait_ready(2);
  connection busy(cluster.port());
  REQUIRE(busy.send("GET /spin/600 HTTP/1.1\r\nHost: test\r\n\r\n"));
  CHECK(busy.receive().status == 200);
  CHECK(cluster.count("event loop") == 0);
}

TEST_CASE("a limit for one request: 503 for one that waits, the end for one that blocks", "[hang]") {
  program cluster(workbench({"--workers", "2", "--request-timeout", "400ms", "--hang-timeout", "0"}));
  cluster.wait_ready(2);
  const answer late = get(cluster.port(), "/ms/60000");
  CHECK(late.status == 503);
  CHECK(late.field("Connection") == "close");
  CHECK(get(cluster.port(), "/ms/100").status == 200);
  CHECK(cluster.count("ended, ") == 0);
  connection stuck(cluster.port());
  REQUIRE(stuck.send("GET /hang HTTP/1.1\r\nHost: test\r\n\r\n"));
  cluster.wait_for(" hangs: its event loop stood still for ");
  cluster.wait_ready(3);
  cluster.wait_for("ended, hung: signal 9 (SIGKILL)");
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}
