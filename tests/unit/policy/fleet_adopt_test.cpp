// SPDX-License-Identifier: BSL-1.0
// A fleet that begins with workers which another supervisor has left behind.
#include "scene.hpp"

#include "support/catch.hpp"

#include <csignal>

using namespace cluster;
using namespace cluster::policy;
using namespace cluster::policy::test;
using namespace std::chrono_literals;

namespace {

kept_state notes(std::size_t slots) {
  kept_state kept;
  kept.last_worker = {10};
  kept.generation = {2};
  kept.newest = {2};
  kept.target = slots;
  kept.slots.assign(slots, {3, 0});
  return kept;
}

found_worker found(std::uint64_t id, std::uint64_t slot, worker_state state = worker_state::ready,
                   std::uint64_t generation = 2) {
  return {{id}, {slot}, {generation}, state, time_point{std::chrono::hours{23}}};
}

}  // namespace

TEST_CASE("workers that are all there go on as they were", "[fleet][adoption]") {
  scene it{calm(2)};
  CHECK(it.adopt(notes(2), {found(9, 0), found(10, 1)}) == "adopted 9, adopted 10");
  CHECK(it.text() == "worker 10 in slot 1 was taken over");
  CHECK(it.under_test().ready_count() == 2);
  CHECK(it.under_test().generation() == generation_id{2});
  CHECK_FALSE(it.under_test().mixed());
  CHECK(it.asleep());
  const auto view = it.under_test().view();
  REQUIRE(view.size() == 2);
  CHECK(view[0].id == worker_id{9});
  CHECK(view[0].restarts == 2);
  CHECK(view[0].since == time_point{std::chrono::hours{23}});
  // They were ready for long, so what ends is replaced at once, with the next number.
  CHECK(it.dies(9, SIGKILL) == "disconnected 9, exited 9 signalled, launch 11/0");
}

TEST_CASE("slots without a worker are filled at once", "[fleet][adoption]") {
  scene it{calm(3)};
  CHECK(it.adopt(notes(3), {found(9, 1)}) == "adopted 9, launch 11/0, launch 12/2");
  it.bring_up(11);
  it.bring_up(12);
  CHECK(it.under_test().ready_count() == 3);
}

TEST_CASE("a generation of which nobody is left has ended, in the middle of a roll-out too",
          "[fleet][adoption]") {
  scene it{calm(2)};
  kept_state kept = notes(2);
  kept.newest = {3};
  kept.rolling = true;
  const bool anybody = GENERATE(false, true);
  CHECK(it.adopt(kept,
                 anybody ? std::vector{found(9, 0, worker_state::ready, 3)} : std::vector<found_worker>{}) ==
        (anybody ? "adopted 9, launch 11/1" : "launch 11/0, launch 12/1"));
  CHECK(it.under_test().generation() == generation_id{3});
  it.bring_up(11);
  if (!anybody) it.bring_up(12);
  CHECK_FALSE(it.under_test().mixed());
  it.scale(3);
  for (const auto& each : it.under_test().view()) CHECK(each.generation == generation_id{3});
}

TEST_CASE("more slots than are wanted now are given up", "[fleet][adoption]") {
  scene it{calm(1)};
  CHECK(it.adopt(notes(2), {found(9, 0), found(10, 1)}) ==
        "adopted 9, adopted 10, draining 10, drain 10 scaled_down 30000");
  it.done(10);
  CHECK(it.exits(10, 0) == "disconnected 10, exited 10 scaled_down");
  CHECK(it.under_test().alive_count() == 1);
}

TEST_CASE("fewer slots than are wanted now get more", "[fleet][adoption]") {
  scene it{calm(3)};
  CHECK(it.adopt(notes(2), {found(9, 0), found(10, 1)}) == "adopted 9, adopted 10, launch 11/2");
}

TEST_CASE("a successor that was on its way goes on with it", "[fleet][adoption]") {
  scene it{calm(1)};
  SECTION("it is ready: it takes over now") {
    CHECK(it.adopt(notes(1), {found(10, 0), found(9, 0)}) ==
          "adopted 10, adopted 9, draining 9, drain 9 recycled 30000");
    CHECK(it.heirs_of_last_drain() == std::vector<std::uint64_t>{10});
    it.done(9);
    it.exits(9, 0);
    CHECK(it.under_test().ready_count() == 1);
  }
  SECTION("it is not yet") {
    CHECK(it.adopt(notes(1), {found(9, 0), found(10, 0, worker_state::starting)}) == "adopted 9, adopted 10");
    CHECK(it.ready(10) == "ready 10, draining 9, drain 9 recycled 30000");
  }
  SECTION("it never will be") {
    CHECK(it.adopt(notes(1), {found(9, 0), found(10, 0, worker_state::starting)}) == "adopted 9, adopted 10");
    CHECK(it.tick_after(10s) == "kill 10");
    it.dies(10, SIGKILL);
    CHECK(it.under_test().ready_count() == 1);
    CHECK(it.asleep());
  }
}

TEST_CASE("a worker that drains goes on draining, its time bounded", "[fleet][adoption]") {
  scene it{calm(1)};
  CHECK(it.adopt(notes(1), {found(9, 0, worker_state::draining), found(10, 0)}) == "adopted 9, adopted 10");
  CHECK(it.under_test().ready_count() == 1);
  SECTION("it gets through") {
    it.done(9);
    CHECK(it.exits(9, 0) == "disconnected 9, exited 9 replaced");
  }
  SECTION("it does not") { CHECK(it.tick_after(30s) == "term 9"); }
}

TEST_CASE("a slot whose only worker drains gets another one", "[fleet][adoption]") {
  scene it{calm(1)};
  CHECK(it.adopt(notes(1), {found(9, 0, worker_state::draining)}) == "adopted 9, launch 11/0");
  it.launched(11);
  it.hello(11);
  it.ready(11);
  CHECK(it.under_test().ready_count() == 1);
}

TEST_CASE("generations that are mixed are seen", "[fleet][adoption]") {
  scene it{calm(2)};
  auto kept = notes(2);
  kept.newest = {3};
  it.adopt(kept, {found(9, 0, worker_state::ready, 3), found(8, 1)});
  CHECK(it.under_test().mixed());
  CHECK(it.reload().find("rollout_started") == 0);
}

TEST_CASE("a crash loop before is remembered", "[fleet][adoption]") {
  scene it{calm(1)};
  auto kept = notes(1);
  kept.slots[0].failures_in_a_row = 3;
  it.adopt(kept, {});
  it.launched(11);
  CHECK(it.exits(11, 1) == "disconnected 11, exited 11 failed_to_start, restart_delayed s0 800");
}

TEST_CASE("nonsense is passed over", "[fleet][adoption]") {
  scene it{calm(1)};
  CHECK(it.adopt(notes(1), {found(9, 0), found(9, 0), found(8, 17)}) == "adopted 9");
  CHECK(it.adopt(notes(1), {found(9, 0)}) == "");
  CHECK(it.start() == "");
}

TEST_CASE("what a fleet keeps is enough to begin again", "[fleet][adoption]") {
  scene before{calm(2)};
  before.bring_up_all();
  before.dies(1, SIGKILL);
  const kept_state kept = before.under_test().keep();
  CHECK(kept.last_worker == worker_id{2});
  CHECK(kept.target == 2);
  REQUIRE(kept.workers.size() == 1);
  CHECK(kept.workers[0].id == worker_id{2});
  CHECK(kept.slots[0].failures_in_a_row == 1);
  scene then{calm(2)};
  CHECK(then.adopt(kept, {{{2}, {1}, {1}, worker_state::ready, then.now}}) == "adopted 2, launch 3/0");
}
