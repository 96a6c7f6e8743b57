// SPDX-License-Identifier: BSL-1.0
#include "scene.hpp"

#include "support/catch.hpp"

#include <csignal>

using namespace cluster;
using namespace cluster::policy;
using namespace cluster::policy::test;
using namespace std::chrono_literals;

TEST_CASE("more slots start at once", "[fleet][scale]") {
  scene it{calm(1)};
  it.bring_up_all();
  CHECK(it.scale(3) == "launch 2/1, launch 3/2");
  CHECK(it.under_test().target() == 3);
  CHECK(it.scale(3) == "");
}

TEST_CASE("fewer slots drain from the highest on, and stay empty", "[fleet][scale]") {
  scene it{calm(3)};
  it.bring_up_all();
  CHECK(it.scale(1) ==
        "draining 3, drain 3 scaled_down 30000, "
        "draining 2, drain 2 scaled_down 30000");
  CHECK(it.under_test().target() == 1);
  CHECK(it.under_test().alive_count() == 3);
  CHECK(it.exits(3, 0) == "disconnected 3, exited 3 scaled_down");
  CHECK(it.tick_after(30s) == "term 2");
  CHECK(it.dies(2, SIGTERM) == "disconnected 2, exited 2 scaled_down");
  CHECK(it.asleep());
  CHECK(it.under_test().alive_count() == 1);
  CHECK(it.scale(2) == "launch 4/1");
}

TEST_CASE("a slot given back while its worker drains is refilled after the exit", "[fleet][scale]") {
  scene it{calm(2)};
  it.bring_up_all();
  it.scale(1);
  CHECK(it.scale(2) == "");
  CHECK(it.exits(2, 0) == "disconnected 2, exited 2 scaled_down, launch 3/1");
}

TEST_CASE("a slot that was taken away comes back with a clean record", "[fleet][scale]") {
  scene it{calm(2)};
  it.bring_up_all();
  it.exits(2, 1);
  it.tick_after(100ms);
  it.bring_up(3);
  it.scale(1);
  it.scale(2);
  it.exits(3, 0);
  it.launched(4);
  CHECK(it.exits(4, 1) == "disconnected 4, exited 4 failed_to_start, restart_delayed s1 100");
}

TEST_CASE("taken away, given back and taken away again", "[fleet][scale]") {
  scene it{calm(2)};
  it.bring_up_all();
  it.scale(1);
  it.scale(2);
  CHECK(it.scale(1) == "");
  CHECK(it.exits(2, 0) == "disconnected 2, exited 2 scaled_down");
  CHECK(it.under_test().alive_count() == 1);
}

TEST_CASE("scaling down in the middle of launching ends the newborn", "[fleet][scale]") {
  scene it{calm(2)};
  it.start();
  CHECK(it.scale(1) == "");
  CHECK(it.launched(2) == "forked 2, draining 2, term 2");
  CHECK(it.dies(2, SIGTERM) == "disconnected 2, exited 2 scaled_down");
}

TEST_CASE("a launch that fails after its slot was taken away and given back is tried again",
          "[fleet][scale]") {
  scene it{calm(2)};
  it.start();
  it.scale(1);
  it.scale(2);
  CHECK(it.launch_failed(2, "fork: no memory") == "launch_failed 2, launch 3/1");
  CHECK(it.launch_failed(3, "fork: no memory") == "launch_failed 3, restart_delayed s1 100");
}

TEST_CASE("down to nothing the fleet stays and sleeps", "[fleet][scale]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.scale(0);
  CHECK(it.exits(1, 0) == "disconnected 1, exited 1 scaled_down");
  CHECK(it.asleep());
  CHECK(it.scale(1) == "launch 2/0");
}

TEST_CASE("a slot that backs off is left alone, or dropped with its timer", "[fleet][scale]") {
  scene it{calm(2)};
  it.bring_up_all();
  it.exits(2, 1);
  SECTION("same count") {
    CHECK(it.scale(2) == "");
    CHECK(it.tick_after(100ms) == "launch 3/1");
  }
  SECTION("fewer") {
    CHECK(it.scale(1) == "");
    CHECK(it.asleep());
  }
}

TEST_CASE("a scale before the start is the number to start with", "[fleet][scale]") {
  scene it{calm(1)};
  CHECK(it.scale(2) == "");
  CHECK(it.start() == "launch 1/0, launch 2/1");
}

TEST_CASE("a scale while stopping is ignored", "[fleet][scale]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.stop(stop_mode::graceful);
  CHECK(it.scale(5) == "");
  CHECK(it.under_test().target() == 1);
}

TEST_CASE("a stop during scaling down keeps the first reason and deadline", "[fleet][scale]") {
  scene it{calm(2)};
  it.bring_up_all();
  it.scale(1);
  it.pass(10s);
  CHECK(it.stop(stop_mode::graceful) == "stopping, draining 1, drain 1 requested 30000");
  CHECK(it.under_test().next_deadline() == it.now + 20s);
  CHECK(it.exits(2, 0) == "disconnected 2, exited 2 scaled_down");
  CHECK(it.exits(1, 0) == "disconnected 1, exited 1 requested, stopped, finish clean");
}
