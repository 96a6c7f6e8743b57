// SPDX-License-Identifier: BSL-1.0
// Slots: back-off, rests, retirement, giving up.
#include "scene.hpp"

#include "support/catch.hpp"

#include <csignal>

using namespace cluster;
using namespace cluster::policy;
using namespace cluster::policy::test;
using namespace std::chrono_literals;

TEST_CASE("failures back off and the event says for how long and why", "[fleet][restart]") {
  scene it{calm(3)};
  it.bring_up_all();
  CHECK(it.exits(3, 7) == "disconnected 3, exited 3 crashed, restart_delayed s2 100");
  CHECK(it.text() == "slot 2 waits 100 ms before its next worker (1 failure in 59 s, the limit is 8)");
  CHECK(it.tick_after(100ms) == "launch 4/2");
  it.launched(4);
  CHECK(it.exits(4, 7) == "disconnected 4, exited 4 failed_to_start, restart_delayed s2 200");
  CHECK(it.tick_after(200ms) == "launch 5/2");
  CHECK(it.launch_failed(5, "exec: No such file or directory") == "launch_failed 5, restart_delayed s2 400");
  CHECK(it.text() == "slot 2 waits 400 ms before its next worker (3 failures in 59 s, the limit is 8)");
  CHECK(it.tick_after(400ms) == "launch 6/2");
}

TEST_CASE("a healthy worker's end starts the back-off afresh and is not counted", "[fleet][restart]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.exits(1, 1);
  it.tick_after(100ms);
  it.bring_up(2);
  it.exits(2, 1);
  it.tick_after(200ms);
  it.bring_up(3);
  it.pass(1s);
  CHECK(it.exits(3, 1) == "disconnected 3, exited 3 crashed, launch 4/0");
  it.bring_up(4);
  CHECK(it.exits(4, 1) == "disconnected 4, exited 4 crashed, restart_delayed s0 100");
  CHECK(it.text() == "slot 0 waits 100 ms before its next worker (3 failures in 59 s, the limit is 8)");
}

TEST_CASE("uptime counts from ready, not from the launch", "[fleet][restart]") {
  scene it{calm(1)};
  it.start();
  it.launched(1);
  it.pass(9s);
  it.hello(1);
  it.ready(1);
  it.pass(999ms);
  CHECK(it.exits(1, 0) == "disconnected 1, exited 1 crashed, restart_delayed s0 100");
}

TEST_CASE("without a delay the next worker comes with the next tick", "[fleet][restart]") {
  auto settings = calm(1);
  settings.restart.initial_delay = 0ms;
  scene it{settings};
  it.bring_up_all();
  CHECK(it.exits(1, 1) == "disconnected 1, exited 1 crashed");
  CHECK(it.under_test().next_deadline() == it.now);
  CHECK(it.tick() == "launch 2/0");
}

TEST_CASE("a slot that fails too often rests, then tries again with a clean window", "[fleet][restart]") {
  auto settings = calm(2);
  settings.restart.max_failures = 2;
  settings.restart.max_failures_cluster = 100;
  scene it{settings};
  it.bring_up_all();
  it.exits(1, 1);
  it.tick_after(100ms);
  it.launched(3);
  CHECK(it.exits(3, 1) == "disconnected 3, exited 3 failed_to_start, resting s0 20000");
  CHECK(it.text() == "slot 0 rests for 20 s (2 failures in 59 s, the limit is 2)");
  CHECK(it.under_test().ready_count() == 1);
  CHECK(it.tick_after(20s) == "launch 4/0");
  it.launched(4);
  CHECK(it.exits(4, 1) == "disconnected 4, exited 4 failed_to_start, restart_delayed s0 100");
}

TEST_CASE("a rest of zero lasts until somebody scales", "[fleet][restart]") {
  auto settings = calm(2);
  settings.restart.max_failures = 1;
  settings.restart.max_failures_cluster = 100;
  settings.restart.rest = 0ms;
  scene it{settings};
  it.bring_up_all();
  CHECK(it.exits(1, 1) == "disconnected 1, exited 1 crashed, resting s0 0");
  CHECK(it.text() == "slot 0 rests until it is told to start again (1 failure in 59 s, the limit is 1)");
  CHECK(it.asleep());
  it.pass(100h);
  CHECK(it.tick() == "");
  CHECK(it.scale(2) == "launch 3/0");
}

TEST_CASE("when the cluster's limit trips, all slots that need a restart rest", "[fleet][restart]") {
  auto settings = calm(3);
  settings.restart.max_failures_cluster = 3;
  scene it{settings};
  it.bring_up_all();
  it.exits(1, 1);
  it.tick_after(100ms);
  it.launched(4);
  CHECK(it.exits(4, 1) == "disconnected 4, exited 4 failed_to_start, restart_delayed s0 200");
  CHECK(it.exits(2, 1) == "disconnected 2, exited 2 crashed, resting s1 20000, resting s0 20000");
  CHECK(it.text() == "slot 0 rests for 20 s (in the whole cluster 3 failures in 59 s, the limit is 3)");
  it.pass(5s);
  SECTION("who fails meanwhile joins for what is left") {
    CHECK(it.broken(3) == "disconnected 3, kill 3");
    // It was ready for more than min_uptime: replaced at once, rest or not.
    CHECK(it.dies(3, SIGKILL) == "exited 3 crashed, launch 5/2");
    it.launched(5);
    CHECK(it.exits(5, 1) == "disconnected 5, exited 5 failed_to_start, resting s2 15000");
    CHECK(it.tick_after(15s) == "launch 6/0, launch 7/1, launch 8/2");
  }
  SECTION("scaling ends the rest of all") {
    CHECK(it.scale(3) == "launch 5/0, launch 6/1");
    it.launched(5);
    CHECK(it.exits(5, 1) == "disconnected 5, exited 5 failed_to_start, restart_delayed s0 100");
  }
}

TEST_CASE("a slot's own rest lasts as long as the cluster's that begins meanwhile", "[fleet][restart]") {
  auto settings = calm(3);
  settings.restart.max_failures = 1;
  settings.restart.max_failures_cluster = 2;
  scene it{settings};
  it.bring_up_all();
  CHECK(it.exits(1, 1) == "disconnected 1, exited 1 crashed, resting s0 20000");
  it.pass(900ms);
  CHECK(it.exits(2, 1) == "disconnected 2, exited 2 crashed, resting s1 20000, resting s0 20000");
  CHECK(it.tick_after(20s) == "launch 4/0, launch 5/1");
}

TEST_CASE("if no worker ever became ready, the tripped limit ends everything", "[fleet][restart]") {
  auto settings = calm(2);
  settings.restart.max_failures = 2;
  scene it{settings};
  it.start();
  it.launched(1);
  it.launched(2);
  it.exits(1, 3);
  it.tick_after(100ms);
  it.launched(3);
  CHECK(it.exits(3, 7) == "disconnected 3, exited 3 failed_to_start, stopping, draining 2, term 2");
  CHECK(it.under_test().stopping());
  CHECK(it.stop(stop_mode::graceful) == "");
  CHECK(it.tick_after(2s) == "kill 2");
  CHECK(it.dies(2, SIGKILL) == "disconnected 2, exited 2 requested, stopped, finish never_ready");
  CHECK(it.finish_reason() == "worker 3 in slot 0: exit code 7");
}

TEST_CASE("giving up names a launch that failed", "[fleet][restart]") {
  auto settings = calm(1);
  settings.restart.max_failures = 1;
  scene it{settings};
  it.start();
  CHECK(it.launch_failed(1, "exec: Permission denied") ==
        "launch_failed 1, stopping, stopped, finish never_ready");
  CHECK(it.finish_reason() == "worker 1 in slot 0: exec: Permission denied");
}

TEST_CASE("the cluster's limit gives up as well", "[fleet][restart]") {
  auto settings = calm(3);
  settings.restart.max_failures_cluster = 3;
  scene it{settings};
  it.start();
  for (std::uint64_t id = 1; id <= 3; ++id) it.launched(id);
  it.exits(1, 1);
  it.exits(2, 1);
  CHECK(it.exits(3, 1) == "disconnected 3, exited 3 failed_to_start, stopping, stopped, finish never_ready");
}

TEST_CASE("one worker that was ready once is enough not to give up", "[fleet][restart]") {
  auto settings = calm(1);
  settings.restart.max_failures = 2;
  scene it{settings};
  it.bring_up_all();
  it.exits(1, 1);
  it.tick_after(100ms);
  it.launched(2);
  CHECK(it.exits(2, 1) == "disconnected 2, exited 2 failed_to_start, resting s0 20000");
}

TEST_CASE("a code that means do not restart retires the slot", "[fleet][restart]") {
  auto settings = calm(2);
  settings.restart.no_restart_codes = {0, 64};
  scene it{settings};
  it.bring_up_all();
  it.pass(5s);
  CHECK(it.exits(1, 64) == "disconnected 1, exited 1 crashed, retired s0");
  CHECK(it.text() ==
        "slot 0 stays empty: exit code 64 of worker 1 means that it is not to be "
        "started again");
  CHECK(it.asleep());
  SECTION("a scale wakes it") {
    CHECK(it.scale(2) == "launch 3/0");
    it.bring_up(3);
    CHECK(it.exits(3, 0) == "disconnected 3, exited 3 crashed, retired s0");
    CHECK(it.exits(2, 0) == "disconnected 2, exited 2 crashed, retired s1, stopped, finish clean");
  }
  SECTION("when all have retired the fleet is at its end; one bad code fails it") {
    CHECK(it.exits(2, 0) == "disconnected 2, exited 2 crashed, retired s1, stopped, finish failed");
    CHECK(it.finish_reason() == "worker 1 in slot 0: exit code 64");
    CHECK(it.scale(2) == "");
    CHECK(it.stop(stop_mode::fast) == "");
  }
}

TEST_CASE("a worker that retires before it is ready does not count as a failure", "[fleet][restart]") {
  auto settings = calm(1);
  settings.restart.no_restart_codes = {78};
  settings.restart.max_failures = 1;
  scene it{settings};
  it.start();
  it.launched(1);
  CHECK(it.exits(1, 78) == "disconnected 1, exited 1 failed_to_start, retired s0, stopped, finish failed");
}
