// SPDX-License-Identifier: BSL-1.0
// The end of the fleet, asked for.
#include "scene.hpp"

#include "support/catch.hpp"

#include <csignal>

using namespace cluster;
using namespace cluster::policy;
using namespace cluster::policy::test;
using namespace std::chrono_literals;

namespace {

constexpr auto graceful = stop_mode::graceful;
constexpr auto fast = stop_mode::fast;

}  // namespace

TEST_CASE("a graceful stop drains all and finishes after the last exit", "[fleet][stop]") {
  scene it{calm(2)};
  it.bring_up_all();
  CHECK_FALSE(it.under_test().stopping());
  CHECK(it.stop(graceful) ==
        "stopping, draining 1, drain 1 requested 30000, "
        "draining 2, drain 2 requested 30000");
  CHECK(it.under_test().stopping());
  CHECK(it.stop(graceful) == "");
  CHECK(it.done(1) == "");
  CHECK(it.closed(1) == "disconnected 1");
  CHECK(it.exits(1, 0) == "exited 1 requested");
  CHECK(it.exits(2, 0) == "disconnected 2, exited 2 requested, stopped, finish clean");
  CHECK(it.asleep());
  CHECK(it.stop(fast) == "");
  CHECK(it.start() == "");
  CHECK(it.scale(4) == "");
  CHECK(it.tick() == "");
}

TEST_CASE("a graceful stop ends who does not drain with TERM and KILL", "[fleet][stop]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.stop(graceful);
  CHECK(it.tick_after(30s) == "term 1");
  CHECK(it.tick_after(2s) == "kill 1");
  CHECK(it.asleep());
  CHECK(it.dies(1, SIGKILL) == "disconnected 1, exited 1 requested, stopped, finish clean");
}

TEST_CASE("the text names the deadlines that passed", "[fleet][stop]") {
  scene it{calm(2)};
  it.bring_up_all();
  it.stop(graceful);
  it.tick_after(30s);
  it.tick_after(2s);
  it.dies(1, SIGKILL);
  CHECK(it.text() ==
        "worker 1 in slot 0: not drained within 30 s, still there 2 s after TERM; "
        "signal 9 (SIGKILL)");
}

TEST_CASE("no drain time means TERM at once", "[fleet][stop]") {
  auto settings = calm(1);
  settings.drain_timeout = 0ms;
  scene it{settings};
  it.bring_up_all();
  CHECK(it.stop(graceful) == "stopping, draining 1, drain 1 requested 0");
  CHECK(it.under_test().next_deadline() == it.now);
  CHECK(it.tick() == "term 1");
  CHECK(it.under_test().next_deadline() == it.now + 2s);
}

TEST_CASE("a fast stop is TERM now, KILL after kill_timeout", "[fleet][stop]") {
  scene it{calm(2)};
  it.bring_up_all();
  CHECK(it.stop(fast) == "stopping, draining 1, term 1, draining 2, term 2");
  CHECK(it.stop(graceful) == "");
  CHECK(it.dies(1, SIGTERM) == "disconnected 1, exited 1 requested");
  CHECK(it.tick_after(2s) == "kill 2");
  CHECK(it.dies(2, SIGKILL) == "disconnected 2, exited 2 requested, stopped, finish clean");
}

TEST_CASE("a second, harder stop shortens the deadlines and never restarts them", "[fleet][stop]") {
  scene it{calm(3)};
  it.bring_up_all();
  it.stop(graceful);
  it.pass(5s);
  it.done(2);
  it.pass(1s);
  CHECK(it.stop(fast) == "term 1, term 2, term 3");
  it.pass(1s);
  CHECK(it.stop(fast) == "");
  CHECK(it.tick_after(1s) == "kill 1, kill 2, kill 3");
  CHECK(it.stop(fast) == "");
}

TEST_CASE("a fast stop during the TERM of a graceful one leaves its deadline", "[fleet][stop]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.stop(graceful);
  it.tick_after(30s);
  it.pass(500ms);
  CHECK(it.stop(fast) == "");
  CHECK(it.tick_after(1500ms) == "kill 1");
}

TEST_CASE("who drains already keeps its deadline when the stop comes", "[fleet][stop]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.draining(1);
  it.pass(10s);
  CHECK(it.stop(graceful) == "stopping");
  CHECK(it.under_test().next_deadline() == it.now + 20s);
  CHECK(it.exits(1, 0) == "disconnected 1, exited 1 requested, stopped, finish clean");
}

TEST_CASE("each phase is asked in the way that it can hear", "[fleet][stop]") {
  scene it{calm(5)};
  it.start();
  for (std::uint64_t id = 2; id <= 5; ++id) it.launched(id);
  for (std::uint64_t id = 3; id <= 5; ++id) it.hello(id);
  it.ready(4);
  it.closed(5);
  CHECK(it.stop(graceful) ==
        "stopping, draining 2, term 2, draining 3, drain 3 requested 30000, "
        "draining 4, drain 4 requested 30000, term 5");
  CHECK(it.launched(1) == "forked 1, draining 1, term 1");
  CHECK(it.hello(2) == "");
  CHECK(it.ready(3) == "");
  CHECK(it.under_test().next_deadline() == it.now + 2s);
}

TEST_CASE("TERM does not prolong the time of a worker whose channel is gone", "[fleet][stop]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.closed(1);
  it.pass(1500ms);
  CHECK(it.stop(graceful) == "stopping, term 1");
  CHECK(it.tick_after(500ms) == "kill 1");
  CHECK(it.dies(1, SIGKILL) == "exited 1 requested, stopped, finish clean");
}

TEST_CASE("a stop in the middle of launching waits for the answers", "[fleet][stop]") {
  scene it{calm(2)};
  it.start();
  CHECK(it.stop(graceful) == "stopping");
  CHECK(it.asleep());
  CHECK(it.launch_failed(1, "exec: no such file") == "launch_failed 1");
  CHECK(it.launched(2) == "forked 2, draining 2, term 2");
  CHECK(it.dies(2, SIGTERM) == "disconnected 2, exited 2 requested, stopped, finish clean");
}

TEST_CASE("a stop works with no workers at all", "[fleet][stop]") {
  scene it{calm(0)};
  SECTION("started") { CHECK(it.start() == ""); }
  SECTION("not even started") {}
  CHECK(it.stop(graceful) == "stopping, stopped, finish clean");
  CHECK(it.start() == "");
}

TEST_CASE("a stop before the start leaves nothing to start", "[fleet][stop]") {
  scene it{calm(2)};
  CHECK(it.stop(fast) == "stopping, stopped, finish clean");
  CHECK(it.start() == "");
}

TEST_CASE("a stop cancels back-offs and rests", "[fleet][stop]") {
  auto settings = calm(2);
  settings.restart.max_failures = 1;
  settings.restart.max_failures_cluster = 10;
  scene it{settings};
  it.bring_up_all();
  it.exits(1, 1);
  CHECK_FALSE(it.asleep());
  it.stop(graceful);
  CHECK(it.exits(2, 0) == "disconnected 2, exited 2 requested, stopped, finish clean");
  CHECK(it.asleep());
  it.pass(1h);
  CHECK(it.tick() == "");
}

TEST_CASE("a stop with nothing alive finishes at once", "[fleet][stop]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.exits(1, 1);
  CHECK(it.stop(graceful) == "stopping, stopped, finish clean");
}

TEST_CASE("what happens to a worker during a stop is told as it is", "[fleet][stop]") {
  scene it{calm(1)};
  it.bring_up_all();
  SECTION("an exit code of its own") {
    it.stop(graceful);
    CHECK(it.exits(1, 5) == "disconnected 1, exited 1 requested, stopped, finish clean");
  }
  SECTION("a signal that nobody of us sent") {
    it.stop(graceful);
    CHECK(it.dies(1, SIGSEGV) == "disconnected 1, exited 1 signalled, stopped, finish clean");
  }
  SECTION("KILL from elsewhere while only TERM was ours") {
    it.stop(fast);
    CHECK(it.dies(1, SIGKILL) == "disconnected 1, exited 1 signalled, stopped, finish clean");
  }
  SECTION("a broken protocol before the stop") {
    it.broken(1);
    it.stop(graceful);
    CHECK(it.dies(1, SIGKILL) == "exited 1 crashed, stopped, finish clean");
  }
  SECTION("a broken protocol after it") {
    it.stop(graceful);
    CHECK(it.broken(1) == "disconnected 1, kill 1");
    CHECK(it.dies(1, SIGKILL) == "exited 1 requested, stopped, finish clean");
  }
}
