// SPDX-License-Identifier: BSL-1.0
// One worker's life inside the fleet: events, reasons, deadlines, texts.
#include "scene.hpp"

#include "support/catch.hpp"

#include <csignal>

using namespace cluster;
using namespace cluster::policy;
using namespace cluster::policy::test;
using namespace std::chrono_literals;

TEST_CASE("all slots are launched at once, ids count up from 1", "[fleet]") {
  scene it{calm(3)};
  CHECK(it.start() == "launch 1/0, launch 2/1, launch 3/2");
  CHECK(it.start() == "");
  CHECK(it.under_test().alive_count() == 0);
  CHECK(it.under_test().generation() == generation_id{1});
  CHECK(it.asleep());
}

TEST_CASE("the way up is announced step by step, then the fleet sleeps", "[fleet]") {
  scene it{calm(1)};
  it.start();
  CHECK(it.launched(1) == "forked 1");
  CHECK(it.text() == "worker 1 in slot 0 was started");
  CHECK(it.under_test().alive_count() == 1);
  CHECK(it.under_test().next_deadline() == it.now + 10s);
  it.pass(3s);
  CHECK(it.hello(1) == "online 1");
  CHECK(it.under_test().ready_count() == 0);
  CHECK(it.under_test().next_deadline() == it.now + 7s);
  CHECK(it.ready(1) == "ready 1");
  CHECK(it.under_test().ready_count() == 1);
  CHECK(it.asleep());
  CHECK(it.tick() == "");
}

TEST_CASE("a fleet that may guess takes a worker for ready at a certain age", "[fleet]") {
  fleet_settings settings = calm(1);
  settings.ready_after = 700ms;
  scene it{settings};
  it.start();
  it.launched(1);
  it.hello(1);
  CHECK(it.tick_after(700ms) == "ready 1");
  CHECK(it.asleep());
  CHECK(it.tick() == "");
}

TEST_CASE("who says that it is ready need not wait for that age, and who ends before it never was",
          "[fleet]") {
  fleet_settings settings = calm(2);
  settings.ready_after = 700ms;
  scene it{settings};
  it.start();
  for (const std::uint64_t id : {1U, 2U}) {
    it.launched(id);
    it.hello(id);
  }
  it.pass(100ms);
  CHECK(it.ready(1) == "ready 1");
  CHECK(it.exits(2, 3) == "disconnected 2, exited 2 failed_to_start, restart_delayed s1 100");
}

TEST_CASE("an age beyond the time to become ready does not prolong it", "[fleet]") {
  fleet_settings settings = calm(1);
  settings.ready_after = 20s;
  scene it{settings};
  it.start();
  it.launched(1);
  it.hello(1);
  CHECK(it.under_test().next_deadline() == it.now + 10s);
}

TEST_CASE("words out of turn, repeated or of strangers change nothing", "[fleet]") {
  scene it{calm(1)};
  it.start();
  CHECK(it.hello(1) == "");
  CHECK(it.exits(1, 3) == "");  // not even launched
  it.launched(1);
  CHECK(it.launched(1) == "");
  CHECK(it.launch_failed(1, "late") == "");
  CHECK(it.ready(1) == "");
  CHECK(it.done(1) == "");
  CHECK(it.draining(1) == "");
  it.hello(1);
  CHECK(it.hello(1) == "");
  it.ready(1);
  CHECK(it.ready(1) == "");
  CHECK(it.done(1) == "");
  for (const std::uint64_t stranger : {0U, 2U, 99U}) {
    CHECK(it.launched(stranger) == "");
    CHECK(it.hello(stranger) == "");
    CHECK(it.ready(stranger) == "");
    CHECK(it.closed(stranger) == "");
    CHECK(it.exits(stranger, 0) == "");
  }
  CHECK(it.under_test().ready_count() == 1);
}

TEST_CASE("answers that contradict the first one leave no trace", "[fleet]") {
  auto settings = calm(1);
  settings.restart.no_restart_codes = {78};
  scene it{settings};
  it.start();
  SECTION("an exit before the launch is answered") {
    CHECK(it.exits(1, 78) == "");
    CHECK(it.launch_failed(1, "no memory") == "launch_failed 1, restart_delayed s0 100");
  }
  SECTION("a failed launch after it succeeded") {
    it.bring_up(1);
    CHECK(it.launch_failed(1, "late") == "");
    it.pass(1s);
    it.exits(1, 3);
    CHECK(it.text() == "worker 1 in slot 0: exit code 3");
  }
  SECTION("a broken channel after it was closed") {
    it.bring_up(1);
    it.draining(1);
    CHECK(it.closed(1) == "disconnected 1");
    CHECK(it.broken(1) == "");
  }
}

TEST_CASE("a worker that leaves by itself crashed, whatever its code", "[fleet]") {
  for (const int code : {0, 7}) {
    scene it{calm(1)};
    it.bring_up_all();
    it.pass(1s);
    CHECK(it.closed(1) == "disconnected 1");
    CHECK(it.exits(1, code) == "exited 1 crashed, launch 2/0");
    CHECK(it.text() == "worker 1 in slot 0: exit code " + std::to_string(code));
    CHECK(it.closed(1) == "");
    CHECK(it.exits(1, code) == "");
  }
}

TEST_CASE("disconnected is told before exited if nobody saw the channel end", "[fleet]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.pass(5s);
  CHECK(it.dies(1, SIGSEGV) == "disconnected 1, exited 1 signalled, launch 2/0");
}

TEST_CASE("who ends before ready failed to start", "[fleet]") {
  scene it{calm(1)};
  it.start();
  it.launched(1);
  SECTION("by an exit") {
    CHECK(it.exits(1, 3) == "disconnected 1, exited 1 failed_to_start, restart_delayed s0 100");
  }
  SECTION("by a signal") {
    it.hello(1);
    CHECK(it.dies(1, SIGABRT) == "disconnected 1, exited 1 failed_to_start, restart_delayed s0 100");
  }
  SECTION("draining by itself") {
    it.hello(1);
    CHECK(it.draining(1) == "draining 1");
    CHECK(it.exits(1, 0) == "disconnected 1, exited 1 failed_to_start, restart_delayed s0 100");
  }
}

TEST_CASE("who is not ready in time is killed as failed to start", "[fleet]") {
  scene it{calm(1)};
  it.start();
  it.pass(1s);
  it.launched(1);
  SECTION("without hello") {}
  SECTION("after hello") { it.hello(1); }
  CHECK(it.tick_after(10s) == "kill 1");
  CHECK(it.asleep());
  CHECK(it.ready(1) == "");
  CHECK(it.dies(1, SIGKILL) == "disconnected 1, exited 1 failed_to_start, restart_delayed s0 100");
}

TEST_CASE("the text of an exit says why we ended the worker", "[fleet]") {
  auto settings = calm(1);
  settings.restart.initial_delay = 0ms;  // no event after the exit
  scene it{settings};
  it.start();
  it.launched(1);
  it.tick_after(10s);
  it.dies(1, SIGKILL);
  CHECK(it.text() == "worker 1 in slot 0: not ready within 10 s; signal 9 (SIGKILL)");
}

TEST_CASE("a closed channel gives the worker kill_timeout to exit, then it is killed", "[fleet]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.pass(1s);
  CHECK(it.closed(1) == "disconnected 1");
  CHECK(it.under_test().ready_count() == 0);
  CHECK(it.tick_after(2s) == "kill 1");
  CHECK(it.asleep());
  CHECK(it.dies(1, SIGKILL) == "exited 1 crashed, launch 2/0");
  CHECK(it.text() ==
        "worker 1 in slot 0: its channel closed and it was still there 2 s later; "
        "signal 9 (SIGKILL)");
}

TEST_CASE("a channel closed while starting does not prolong the start", "[fleet]") {
  scene it{calm(1)};
  it.start();
  it.launched(1);
  it.pass(9s);
  it.closed(1);
  CHECK(it.tick_after(1s) == "kill 1");
}

TEST_CASE("a broken protocol costs that worker, at once", "[fleet]") {
  scene it{calm(2)};
  it.bring_up_all();
  it.pass(1s);
  CHECK(it.broken(1) == "disconnected 1, kill 1");
  CHECK(it.broken(1) == "");
  CHECK(it.closed(1) == "");
  CHECK(it.dies(1, SIGKILL) == "exited 1 crashed, launch 3/0");
  CHECK(it.text() ==
        "worker 1 in slot 0: it broke the protocol of its channel; "
        "signal 9 (SIGKILL)");
  CHECK(it.under_test().ready_count() == 1);
}

TEST_CASE("who broke the protocol crashed, whatever ended it before our KILL", "[fleet]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.pass(1s);
  it.broken(1);
  CHECK(it.dies(1, SIGSEGV) == "exited 1 crashed, launch 2/0");
}

TEST_CASE("a worker that drains by itself and exits is replaced when it is gone", "[fleet]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.pass(1s);
  CHECK(it.draining(1) == "draining 1");
  CHECK(it.under_test().next_deadline() == it.now + 30s);
  it.pass(1s);
  CHECK(it.done(1) == "");
  CHECK(it.under_test().next_deadline() == it.now + 2s);
  CHECK(it.closed(1) == "disconnected 1");
  SECTION("code 0: as it said") { CHECK(it.exits(1, 0) == "exited 1 requested, launch 2/0"); }
  SECTION("another code: that was no part of it") { CHECK(it.exits(1, 3) == "exited 1 crashed, launch 2/0"); }
}

TEST_CASE("time spent draining does not count as being ready", "[fleet]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.pass(500ms);
  it.draining(1);
  it.pass(20s);
  CHECK(it.exits(1, 0) == "disconnected 1, exited 1 requested, restart_delayed s0 100");
}

TEST_CASE("a worker that drains by itself is bounded like any other", "[fleet]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.pass(1s);
  it.draining(1);
  CHECK(it.tick_after(30s) == "term 1");
  CHECK(it.tick_after(2s) == "kill 1");
  CHECK(it.dies(1, SIGKILL) == "disconnected 1, exited 1 crashed, launch 2/0");
}

TEST_CASE("a drained worker that does not exit gets TERM, then KILL", "[fleet]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.pass(1s);
  it.draining(1);
  SECTION("long before its drain deadline") {
    it.done(1);
    CHECK(it.tick_after(2s) == "term 1");
  }
  SECTION("shortly before it: done does not prolong") {
    it.pass(29500ms);
    it.done(1);
    CHECK(it.tick_after(500ms) == "term 1");
  }
  CHECK(it.tick_after(2s) == "kill 1");
}

TEST_CASE("all killed at once: each exit launches its successor at once", "[fleet]") {
  scene it{calm(3)};
  it.bring_up_all();
  it.pass(1s);
  for (std::uint64_t id = 1; id <= 3; ++id)
    CHECK(it.dies(id, SIGKILL) == "disconnected " + std::to_string(id) + ", exited " + std::to_string(id) +
                                      " signalled, launch " + std::to_string(id + 3) + "/" +
                                      std::to_string(id - 1));
}

TEST_CASE("the view shows alive workers by slot with the slot's restarts", "[fleet]") {
  scene it{calm(2)};
  it.bring_up_all();
  it.pass(1s);
  it.dies(1, SIGKILL);
  CHECK(it.under_test().view().size() == 1);  // the successor is not launched yet
  it.pass(1s);
  it.launched(3);
  const auto view = it.under_test().view();
  REQUIRE(view.size() == 2);
  CHECK(view[0].id == worker_id{3});
  CHECK(view[0].slot == slot_id{0});
  CHECK(view[0].restarts == 1);
  CHECK(view[0].since == it.now);
  CHECK(view[0].state == worker_state::starting);
  CHECK(view[1].id == worker_id{2});
  CHECK(view[1].restarts == 0);
  CHECK(view[1].state == worker_state::ready);
  CHECK(view[1].generation == generation_id{1});
}
