// SPDX-License-Identifier: BSL-1.0
// Events in their order, and what becomes of a cluster when everybody wants something else at once.
#include "fixture.hpp"
#include "support/program.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <map>
#include <stdexcept>

using namespace cluster;
using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

std::size_t threads() {
  const std::filesystem::directory_iterator all("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

bool no_child_left() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

}  // namespace

TEST_CASE("in each event the worker's state can be read, and what an observer throws stops nothing",
          "[life]") {
  options settings = with_workers("good", 2);
  settings.listen = {"127.0.0.1:0", "127.0.0.1:0"};
  supervised cluster(settings);
  std::map<worker_id, std::string> lines;
  cluster.on_event = [&](const event& what) {
    if (what.worker.value == 0) throw std::runtime_error("of the cluster");
    std::string state = "gone";
    for (const worker_status& each : cluster.master.status().workers)
      if (each.id == what.worker) state = to_string(each.state);
    std::string& line = lines[what.worker];
    line += (line.empty() ? "" : ", ") + std::string(to_string(what.kind)) + " " + state;
    if (what.kind == event_kind::listening) CHECK(what.endpoint.starts_with("tcp://127.0.0.1:"));
    throw 7;
  };
  cluster.start();
  REQUIRE(cluster.run_until_ready(2));
  REQUIRE(cluster.stop() == error_code());
  CHECK(lines.size() == 2);
  for (const auto& [id, line] : lines)
    CHECK(line ==
          "forked starting, online starting, listening ready, listening ready, ready ready, "
          "draining draining, disconnected draining, exited gone");
  CHECK(cluster.events.back().kind == event_kind::stopped);
}

TEST_CASE("a stop may be asked for at any time and any number of times", "[life]") {
  supervised cluster(with_workers("good", 2));
  int done = 0;
  const auto count = [&done](error_code ec) { done += ec ? 100 : 1; };
  cluster.master.async_stop(stop_mode::graceful, count);  // nothing runs yet
  REQUIRE(cluster.run_until([&] { return done == 1; }));
  cluster.start();
  for (int i = 0; i < 3; ++i) cluster.master.async_stop(stop_mode::graceful, count);  // nobody is ready
  REQUIRE(cluster.run_until([&] { return done == 4; }));
  CHECK(cluster.master.status().workers.empty());
  cluster.master.async_stop(stop_mode::fast, count);
  REQUIRE(cluster.run_until([&] { return done == 5; }));
  CHECK(no_child_left());
}

TEST_CASE("twenty contradictory wishes from both sides at once end in order", "[life]") {
  const auto before = open_descriptors();
  {
    supervised cluster(with_workers("obedient", 4));
    cluster.start();
    REQUIRE(cluster.run_until_ready(4));
    int asked = 0;
    int answered = 0;
    const auto count = [&](auto&&...) { ++answered; };
    for (int round = 0; round < 5; ++round) {
      REQUIRE(cluster.run_until([&] { return !cluster.master.status().workers.empty(); }));
      const auto workers = cluster.master.status().workers;
      const auto id = [&](std::size_t i) {
        return workers[(i + static_cast<std::size_t>(round)) % workers.size()].id;
      };
      cluster.master.async_send(id(0), {round % 2 == 0 ? "drain" : "exit", {}}, count);
      cluster.master.async_send(id(1), {"replace", {}}, count);
      cluster.master.async_end(id(0), count);
      cluster.master.async_restart(id(1), count);
      asked += 4;
      static_cast<void>(cluster.master.kill(id(2)));
      static_cast<void>(cluster.master.pause(id(3)));
      if (round % 2 == 0) cluster.master.async_reload(count);
      else cluster.master.async_scale(3 + static_cast<std::size_t>(round) % 3, count);
      ++asked;
      if (round == 2) cluster.master.abort_reload();
      cluster.master.async_restart(id(3), count);
      ++asked;
      cluster.context.poll();
      cluster.context.restart();
    }
    REQUIRE(cluster.run_until([&] { return answered == asked; }));
    cluster.master.async_scale(2, count);
    const auto settled = [&] {
      const cluster_status now = cluster.master.status();
      return answered > asked && now.ready == now.target && now.workers.size() == now.target && !now.rollout;
    };
    REQUIRE(cluster.run_until(settled));
    std::map<worker_id, std::vector<event_kind>> seen;
    for (const event& each : cluster.events)
      if (each.kind == event_kind::forked || each.kind == event_kind::exited)
        seen[each.worker].push_back(each.kind);
    std::size_t alive = 0;
    for (const auto& [worker, kinds] : seen) {
      CHECK(kinds.front() == event_kind::forked);
      REQUIRE(kinds.size() <= 2);
      if (kinds.size() == 1) ++alive;
    }
    CHECK(alive == cluster.master.status().workers.size());
    CHECK(cluster.stop() == error_code());
  }
  CHECK(open_descriptors() == before);
  CHECK(no_child_left());
}

TEST_CASE("ten lives of one supervisor leave nothing behind", "[life]") {
  const std::string how = GENERATE(as<std::string>{}, "shared", "round-robin", "reuse-port");
  options settings = with_workers("good", 2);
  settings.listen = {"127.0.0.1:0"};
  settings.schedule = how == "shared"        ? schedule::shared
                      : how == "round-robin" ? schedule::round_robin
                                             : schedule::reuse_port;
  supervised cluster(settings);
  std::set<std::string> before;
  std::size_t with = 0;
  for (int life = 0; life < 11; ++life) {
    cluster.result.reset();
    cluster.start();
    REQUIRE(cluster.run_until_ready(2));
    REQUIRE(cluster.stop() == error_code());
    if (life == 0) {  // what is made once and kept
      before = open_descriptors();
      with = threads();
    }
  }
  CHECK(open_descriptors() == before);
  CHECK(threads() == with);
  CHECK(no_child_left());
}

TEST_CASE("a paused worker is left alone, goes on, and can be ended", "[life]") {
  options settings = with_workers("good", 2);
  settings.hang_timeout = 200ms;
  supervised cluster(settings);
  cluster.start();
  REQUIRE(cluster.run_until_ready(2));
  const auto workers = cluster.master.status().workers;
  REQUIRE_FALSE(cluster.master.pause(workers[0].id));
  CHECK(cluster.master.pause({77}) == make_error_code(error::worker_unavailable));
  // Twice its time to be found hung; nothing else could show that it is not.
  const auto until = std::chrono::steady_clock::now() + 500ms;
  cluster.context.run_until(until);
  cluster.context.restart();
  CHECK(cluster.of(event_kind::hung).empty());
  CHECK(cluster.of(event_kind::unresponsive).empty());
  REQUIRE_FALSE(cluster.master.resume(workers[0].id));
  std::optional<error_code> ended;
  REQUIRE_FALSE(cluster.master.pause(workers[1].id));
  cluster.master.async_end(workers[1].id, [&](error_code ec) { ended = ec; });
  REQUIRE(cluster.run_until([&] { return ended.has_value(); }));
  CHECK(*ended == error_code());
  REQUIRE(cluster.run_until_ready(2));
  CHECK(cluster.of(event_kind::exited).size() == 1);
  CHECK(cluster.of(event_kind::exited)[0].status.code == 0);
  REQUIRE_FALSE(cluster.master.kill(workers[0].id, SIGTERM));
  REQUIRE(cluster.run_until([&] { return cluster.of(event_kind::exited).size() == 2; }));
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("a worker that asks for a successor gets one, and leaves when that is ready", "[life]") {
  supervised cluster(with_workers("obedient", 1));
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  cluster.master.async_send({1}, {"replace", {}}, [](error_code) {});
  REQUIRE(cluster.run_until([&] { return !cluster.of(event_kind::exited).empty(); }));
  CHECK(cluster.of(event_kind::exited)[0].reason == exit_reason::recycled);
  CHECK(cluster.of(event_kind::recycling)[0].text.find("it was told to") != std::string::npos);
  REQUIRE(cluster.master.status().ready == 1);
  CHECK(cluster.master.status().workers[0].id.value == 2);
  CHECK(cluster.stop() == error_code());
}
