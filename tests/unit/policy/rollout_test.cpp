// SPDX-License-Identifier: BSL-1.0
// Roll-outs that go well, and what runs beside them.
#include "rollout_scene.hpp"

#include "support/catch.hpp"

#include <csignal>

using namespace cluster;
using namespace cluster::policy;
using namespace cluster::policy::test;
using namespace std::chrono_literals;

using ids = std::vector<std::uint64_t>;

TEST_CASE("slot by slot: the successor is ready before its predecessor drains", "[rollout]") {
  rollout_scene it{calm(2)};
  it.bring_up_all();
  CHECK(it.reload() == "rollout_started g2, launch 3/0 g2");
  CHECK(it.under_test().rolling());
  CHECK(it.launched(3) == "");
  CHECK(it.hello(3) == "");
  CHECK(it.serving() == ids{1, 2});
  CHECK(it.ready(3) == "drain 1 replaced to 3");
  CHECK(it.last_drain().soft_deadline == it.now + 15s);
  CHECK(it.last_drain().hard_deadline == it.now + 30s);
  CHECK(it.under_test().view().size() == 3);  // 1 and 3 share their slot
  CHECK(it.exits(1) == "slot_replaced 3/0 g2, launch 4/1 g2");
  CHECK(it.exit_told().reason == exit_reason::replaced);
  CHECK(it.bring_up(4) == "drain 2 replaced to 4");
  it.pass(5s);
  CHECK(it.exits(2) == "slot_replaced 4/1 g2, rollout_finished g2, end completed 2/2");
  CHECK(it.report().from == generation_id{1});
  CHECK(it.report().to == generation_id{2});
  CHECK(it.report().took == 5s);
  CHECK(it.report().reason.empty());
  CHECK_FALSE(it.under_test().rolling());
  CHECK(it.under_test().generation() == generation_id{2});
  CHECK(it.serving() == ids{3, 4});
  CHECK(it.asleep());
}

TEST_CASE("after a roll-out new workers are of the new generation", "[rollout]") {
  rollout_scene it{calm(1)};
  it.bring_up_all();
  it.reload();
  it.bring_up(2);
  it.exits(1);
  it.pass(60s);
  CHECK(it.exits(2, 1) == "launch 3/0 g2");
  CHECK(it.scale(2) == "launch 4/1 g2");
  it.bring_up(3);
  it.bring_up(4);
  CHECK(it.reload() == "rollout_started g3, launch 5/0 g3");
}

TEST_CASE("the next slot waits for the end of the drain", "[rollout]") {
  rollout_scene it{calm(2)};
  it.bring_up_all();
  it.reload();
  CHECK(it.bring_up(3) == "drain 1 replaced to 3");
  CHECK(it.tick_after(30s) == "term 1");
  CHECK(it.dies(1, SIGTERM) == "slot_replaced 3/0 g2, launch 4/1 g2");
  CHECK(it.exit_told().reason == exit_reason::replaced);
}

TEST_CASE("soak: a successor proves itself before its predecessor drains", "[rollout]") {
  rollout_scene it{calm(1)};
  it.bring_up_all();
  it.reload({.soak = 3s});
  CHECK(it.bring_up(2) == "");
  CHECK(it.tick_after(3s) == "drain 1 replaced to 2");
}

TEST_CASE("pause: from the completion of a slot to the start of the next", "[rollout]") {
  rollout_scene it{calm(2)};
  it.bring_up_all();
  it.reload({.pause = 4s});
  it.bring_up(3);
  CHECK(it.exits(1) == "slot_replaced 3/0 g2");
  CHECK(it.tick_after(4s) == "launch 4/1 g2");
  it.bring_up(4);
  CHECK(it.exits(2) == "slot_replaced 4/1 g2, rollout_finished g2, end completed 2/2");
  CHECK(it.asleep());
}

TEST_CASE("a larger surge replaces several slots at once", "[rollout]") {
  rollout_scene it{calm(4)};
  it.bring_up_all();
  CHECK(it.reload({.max_surge = 3}) == "rollout_started g2, launch 5/0 g2, launch 6/1 g2, launch 7/2 g2");
  CHECK(it.bring_up(6) == "drain 2 replaced to 6");
  CHECK(it.exits(2) == "slot_replaced 6/1 g2, launch 8/3 g2");
  CHECK(it.bring_up(5) == "drain 1 replaced to 5");
}

TEST_CASE("without surge the predecessor drains first", "[rollout]") {
  rollout_scene it{calm(3)};
  it.bring_up_all();
  CHECK(it.reload({.max_surge = 0, .max_unavailable = 1}) ==
        "rollout_started g2, launch 4/0 g2, drain 1 replaced to 2 3");
  CHECK(it.exits(1) == "");
  CHECK(it.bring_up(4) == "slot_replaced 4/0 g2, launch 5/1 g2, drain 2 replaced to 3 4");
  CHECK(it.bring_up(5) == "");
  CHECK(it.exits(2) == "slot_replaced 5/1 g2, launch 6/2 g2, drain 3 replaced to 4 5");
  it.bring_up(6);
  CHECK(it.exits(3) == "slot_replaced 6/2 g2, rollout_finished g2, end completed 3/3");
}

TEST_CASE("no slot is taken down early while too few are ready", "[rollout]") {
  rollout_scene it{calm(3)};
  it.bring_up_all();
  it.exits(3, 1);  // healthy: 4 comes at once, and is not ready yet
  CHECK(it.reload({.max_surge = 0, .max_unavailable = 1}) == "rollout_started g2");
  CHECK(it.bring_up(4) == "launch 5/0 g2, drain 1 replaced to 2 4");
}

TEST_CASE("an empty slot may come before its turn, or nothing could ever begin", "[rollout]") {
  auto settings = calm(2);
  settings.restart.no_restart_codes = {9};
  rollout_scene it{settings};
  it.bring_up_all();
  CHECK(it.exits(2, 9) == "retired s1");
  CHECK(it.reload({.max_surge = 0, .max_unavailable = 1}) == "rollout_started g2, launch 3/1 g2");
  CHECK(it.bring_up(3) == "slot_replaced 3/1 g2, launch 4/0 g2, drain 1 replaced to 3");
}

TEST_CASE("empty slots get a successor as they are: waiting, resting, retired", "[rollout]") {
  auto settings = calm(4);
  settings.restart.no_restart_codes = {9};
  settings.restart.max_failures = 2;
  rollout_scene it{settings};
  it.bring_up_all();
  CHECK(it.exits(1, 9) == "retired s0");
  it.exits(2, 1);
  it.launched(5);
  it.exits(5, 1);
  it.tick_after(100ms);
  CHECK(it.launch_failed(6) == "resting s1");
  it.exits(3, 1);
  CHECK(it.launch_failed(7) == "restart_delayed s2");
  CHECK(it.reload({.max_surge = 9}) ==
        "rollout_started g2, launch 8/0 g2, launch 9/1 g2, launch 10/2 g2, launch 11/3 g2");
  CHECK(it.bring_up(8) == "slot_replaced 8/0 g2");
  CHECK(it.bring_up(9) == "slot_replaced 9/1 g2");
  CHECK(it.bring_up(10) == "slot_replaced 10/2 g2");
  CHECK(it.bring_up(11) == "drain 4 replaced to 11");
  CHECK(it.exits(4) == "slot_replaced 11/3 g2, rollout_finished g2, end completed 4/4");
  CHECK(it.asleep());
}

TEST_CASE("a predecessor that dies by itself is followed by its successor alone", "[rollout]") {
  rollout_scene it{calm(1)};
  it.bring_up_all();
  it.reload({.soak = 1s});
  it.launched(2);
  SECTION("in good health") { CHECK(it.exits(1, 1) == ""); }
  SECTION("after it lost its channel") {
    it.closed(1);
    CHECK(it.exits(1, 1) == "");
  }
  it.hello(2);
  CHECK(it.ready(2) == "");
  CHECK(it.tick_after(1s) == "slot_replaced 2/0 g2, rollout_finished g2, end completed 1/1");
}

TEST_CASE("a predecessor that is not ready is not waited for", "[rollout]") {
  rollout_scene it{calm(1)};
  it.bring_up_all();
  it.exits(1, 1);
  it.launched(2);
  CHECK(it.reload() == "rollout_started g2, launch 3/0 g2");
  CHECK(it.bring_up(3) == "term 2");
  CHECK(it.dies(2, SIGTERM) == "slot_replaced 3/0 g2, rollout_finished g2, end completed 1/1");
}

TEST_CASE("a successor that crashes in good health does not disturb the roll-out", "[rollout]") {
  rollout_scene it{calm(2)};
  it.bring_up_all();
  it.reload();
  CHECK(it.bring_up(3) == "drain 1 replaced to 3");
  it.pass(2s);
  // The heir is gone while its predecessor still drains: all that are ready take over.
  CHECK(it.exits(3, 1) == "launch 4/0 g2, heirs 1 to 2");
  CHECK(it.under_test().rolling());
  CHECK(it.bring_up(4) == "");
  CHECK(it.exits(1) == "slot_replaced 3/0 g2, launch 5/1 g2");
  CHECK(it.bring_up(5) == "drain 2 replaced to 5");
  CHECK(it.exits(2) == "slot_replaced 5/1 g2, rollout_finished g2, end completed 2/2");
  CHECK(it.serving() == ids{4, 5});
}

TEST_CASE("a drain without an heir gets one as soon as somebody is ready", "[rollout]") {
  rollout_scene it{calm(1)};
  it.bring_up_all();
  it.reload();
  it.bring_up(2);
  it.pass(2s);
  CHECK(it.exits(2, 1) == "launch 3/0 g2");
  it.launched(3);
  it.hello(3);
  CHECK(it.ready(3) == "heirs 1 to 3");
  CHECK(it.draining(3) == "");
}

TEST_CASE("who drains by itself gets heirs too", "[rollout]") {
  rollout_scene it{calm(3)};
  it.bring_up_all();
  CHECK(it.draining(2) == "heirs 2 to 1 3");
  CHECK(it.scale(2) == "drain 3 scaled_down to 1");
}

TEST_CASE("no heirs when the cluster stops", "[rollout]") {
  rollout_scene it{calm(2)};
  it.bring_up_all();
  CHECK(it.stop(stop_mode::graceful) == "stopping, drain 1 requested, drain 2 requested");
  CHECK(it.last_drain().soft_deadline == it.now);
  CHECK(it.exits(1) == "");
}

TEST_CASE("reloads are refused while one runs and when nothing runs", "[rollout]") {
  rollout_scene it{calm(1)};
  CHECK(it.reload() == "not_running");
  CHECK(it.abort() == "");
  it.bring_up_all();
  it.reload();
  CHECK(it.reload() == "already_rolling");
  CHECK(it.scale(5) == "");
  CHECK(it.under_test().target() == 1);
  it.stop(stop_mode::graceful);
  CHECK(it.reload() == "stopping");
  it.exits(1);
  it.launched(2);
  it.dies(2, SIGTERM);
  CHECK(it.reload() == "not_running");
}

TEST_CASE("no slots, nothing to do", "[rollout]") {
  rollout_scene it{calm(0)};
  it.bring_up_all();
  CHECK(it.reload() == "rollout_started g2, rollout_finished g2, end completed 0/0");
  CHECK(it.scale(1) == "launch 1/0 g2");
}

TEST_CASE("a single restart: the successor first, then the drain", "[rollout][restart]") {
  rollout_scene it{calm(2)};
  it.bring_up_all();
  CHECK(it.restart(1) == "launch 3/0 g1");
  CHECK(it.restart(1) == "");
  CHECK(it.restart(3) == "");
  CHECK(it.bring_up(3) == "drain 1 recycled to 3");
  CHECK(it.exits(1) == "");
  CHECK(it.exit_told().reason == exit_reason::recycled);
  CHECK(it.restart(1) == "");
  CHECK(it.restart(9) == "");
  CHECK(it.asleep());

  SECTION("a successor that fails is nobody's loss") {
    CHECK(it.restart(2) == "launch 4/1 g1");
    it.launched(4);
    CHECK(it.exits(4, 1) == "");
    CHECK(it.serving() == ids{3, 2});
    CHECK(it.asleep());
  }
  SECTION("a roll-out waits for it") {
    it.restart(3);
    CHECK(it.reload() == "rollout_started g2");
    CHECK(it.bring_up(4) == "drain 3 recycled to 4, launch 5/0 g2");
    CHECK(it.restart(4) == "");  // its slot is busy
    CHECK(it.restart(2) == "launch 6/1 g1 last_good");
  }
  SECTION("a stop ends it") {
    it.restart(2);
    it.launched(4);
    CHECK(it.stop(stop_mode::graceful) == "stopping, drain 2 requested, drain 3 requested, term 4");
  }
  SECTION("its slot is taken away") {
    it.restart(2);
    it.launched(4);
    CHECK(it.scale(1) == "term 4, drain 2 scaled_down to 3");
    it.exits(4);
    it.exits(2);
    CHECK(it.asleep());
    CHECK(it.serving() == ids{3});
    CHECK(it.scale(2) == "launch 5/1 g1");
  }
}

TEST_CASE("after a single restart a slot can still go, and the fleet end", "[rollout][restart]") {
  auto settings = calm(2);
  settings.restart.no_restart_codes = {0};
  rollout_scene it{settings};
  it.bring_up_all();
  it.restart(2);
  it.bring_up(3);
  it.exits(2);
  CHECK(it.scale(1) == "drain 3 scaled_down to 1");
  it.exits(3);
  CHECK(it.exits(1, 0) == "retired s0, stopped, finish");
}

TEST_CASE("a slot given back after a roll-out is of the new generation", "[rollout][scale]") {
  rollout_scene it{calm(2)};
  it.bring_up_all();
  it.scale(1);
  CHECK(it.reload() == "rollout_started g2, launch 3/0 g2");
  it.bring_up(3);
  it.exits(1);
  CHECK(it.scale(2) == "");  // 2 still drains
  CHECK(it.exits(2) == "launch 4/1 g2");
}
