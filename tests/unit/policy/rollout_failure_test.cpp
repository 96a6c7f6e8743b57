// SPDX-License-Identifier: BSL-1.0
// Roll-outs that fail, go back, are aborted or cut short.
#include "rollout_scene.hpp"

#include "support/catch.hpp"

#include <csignal>

using namespace cluster;
using namespace cluster::policy;
using namespace cluster::policy::test;
using namespace std::chrono_literals;

using ids = std::vector<std::uint64_t>;

namespace {

void has(const std::string& text, const std::string& part) {
  INFO("in: " << text << ", wanted: " << part);
  CHECK(text.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("the first successor fails: the old generation never notices", "[rollout]") {
  rollout_scene it{calm(2)};
  it.bring_up_all();
  it.reload({.soak = 3s});
  auto stage = rollout_stage::start;
  std::string why;
  SECTION("it cannot be launched") {
    CHECK(it.launch_failed(3) == "rollout_failed g2, end failed 0/2");
    stage = rollout_stage::launch;
    why = "no such file";
  }
  SECTION("it exits") {
    it.launched(3);
    CHECK(it.exits(3, 7) == "rollout_failed g2, end failed 0/2");
    why = "exit code 7";
  }
  SECTION("it is never ready") {
    it.launched(3);
    it.hello(3);
    CHECK(it.tick_after(10s) == "kill 3");
    CHECK(it.dies(3, SIGKILL) == "rollout_failed g2, end failed 0/2");
    CHECK(it.exit_told().reason == exit_reason::failed_to_start);
    why = "not ready within 10 s";
  }
  SECTION("it breaks the protocol") {
    it.launched(3);
    CHECK(it.broken(3) == "kill 3");
    CHECK(it.dies(3, SIGKILL) == "rollout_failed g2, end failed 0/2");
    why = "broke the protocol";
  }
  SECTION("it ends during soak") {
    CHECK(it.bring_up(3) == "");
    it.pass(200ms);
    CHECK(it.dies(3, SIGSEGV) == "rollout_failed g2, end failed 0/2");
    stage = rollout_stage::soak;
    why = "SIGSEGV";
  }
  SECTION("it loses its channel during soak and is gone in its own time") {
    it.bring_up(3);
    CHECK(it.closed(3) == "");
    CHECK(it.tick_after(2s) == "kill 3");
    it.pass(5s);
    CHECK(it.dies(3, SIGKILL) == "rollout_failed g2, end failed 0/2");
    stage = rollout_stage::soak;
    why = "its channel closed";
  }
  CHECK(it.report().stage == stage);
  has(it.report().reason, why);
  has(it.told().text, in_words(stage));
  has(it.told().text, why);
  CHECK(it.serving() == ids{1, 2});
  CHECK(it.asleep());
  CHECK(it.under_test().generation() == generation_id{1});
  // What comes now is of the old generation, and not from where the bad one came.
  CHECK(it.exits(1, 1) == "launch 4/0 g1 last_good");
  CHECK(it.reload() == "rollout_started g2, launch 5/0 g2");
}

TEST_CASE("successors that fail do not count against the restart limits", "[rollout]") {
  auto settings = calm(1);
  settings.restart.max_failures = 1;
  settings.restart.max_failures_cluster = 1;
  rollout_scene it{settings};
  it.bring_up_all();
  for (std::uint64_t id = 2; id < 9; ++id) {
    it.reload();
    CHECK(it.launch_failed(id) == "rollout_failed g2, end failed 0/1");
  }
  CHECK(it.serving() == ids{1});
  CHECK_FALSE(it.under_test().stopping());
}

TEST_CASE("a later failure goes back to the last good executable", "[rollout]") {
  rollout_scene it{calm(3)};
  it.bring_up_all();
  it.reload({.pause = 1s});
  it.bring_up(4);
  it.exits(1);
  it.tick_after(1s);
  it.bring_up(5);
  it.exits(2);
  it.tick_after(1s);
  it.launched(6);
  CHECK(it.exits(6, 3) == "rollout_failed g2, launch 7/0 g1 last_good");
  has(it.told().text, "2 of 3 slots had been replaced and go back to");
  CHECK(it.serving() == ids{4, 5, 3});
  CHECK(it.bring_up(7) == "drain 4 replaced to 7");
  CHECK(it.exits(4) == "slot_replaced 7/0 g1, launch 8/1 g1 last_good");
  has(it.exit_told().text, "went back");
  CHECK(it.exit_told().reason == exit_reason::replaced);
  it.bring_up(8);
  CHECK(it.exits(5) == "slot_replaced 8/1 g1, rollout_finished g1, end rolled_back 2/3");
  CHECK(it.report().stage == rollout_stage::start);
  has(it.report().reason, "exit code 3");
  CHECK(it.serving() == ids{7, 8, 3});
  CHECK(it.under_test().generation() == generation_id{1});
  CHECK(it.asleep());
}

TEST_CASE("without rollback the generations stay mixed", "[rollout]") {
  rollout_scene it{calm(2)};
  it.bring_up_all();
  it.reload({.rollback = false});
  it.bring_up(3);
  it.exits(1);
  CHECK(it.launch_failed(4) == "rollout_failed g2, end failed 1/2");
  CHECK(it.serving() == ids{3, 2});
  CHECK(it.under_test().generation() == generation_id{2});
  it.pass(60s);
  // Each slot keeps its own.
  CHECK(it.exits(2, 1) == "launch 5/1 g1 last_good");
  CHECK(it.exits(3, 1) == "launch 6/0 g2");
  CHECK(it.reload() == "rollout_started g3, launch 7/0 g3");
}

TEST_CASE("a failure stops the slots that are under way as well", "[rollout]") {
  rollout_scene it{calm(3)};
  it.bring_up_all();
  it.reload({.max_surge = 3, .soak = 5s});
  it.launched(4);
  it.bring_up(5);
  CHECK(it.launch_failed(6) == "rollout_failed g2, term 4, drain 5 replaced to 2, end failed 0/3");
  it.dies(4, SIGTERM);
  CHECK(it.exit_told().reason == exit_reason::replaced);
  has(it.exit_told().text, "its roll-out ended before it had its slot");
  it.exits(5);
  CHECK(it.exit_told().reason == exit_reason::replaced);
  CHECK(it.serving() == ids{1, 2, 3});
  CHECK(it.asleep());
}

TEST_CASE("successors that are dismissed together are no heirs of each other", "[rollout]") {
  rollout_scene it{calm(3)};
  it.bring_up_all();
  it.reload({.max_surge = 3, .soak = 5s});
  it.bring_up(4);
  it.bring_up(5);
  for (std::uint64_t old = 1; old <= 3; ++old) CHECK(it.exits(old, 1) == "");
  CHECK(it.launch_failed(6) == "rollout_failed g2, drain 4 replaced, drain 5 replaced, end failed 0/3");
  // The old generation has to come back, and takes over what there is.
  CHECK(it.tick() == "launch 7/0 g1 last_good, launch 8/1 g1 last_good, launch 9/2 g1 last_good");
  CHECK(it.bring_up(8) == "heirs 4 to 8, heirs 5 to 8");
}

TEST_CASE("a single restart with the generation that failed is given up", "[rollout][restart]") {
  rollout_scene it{calm(2)};
  it.bring_up_all();
  it.reload();
  it.bring_up(3);
  it.exits(1);
  CHECK(it.restart(3) == "launch 5/0 g2");
  it.launched(5);
  CHECK(it.launch_failed(4) == "rollout_failed g2, term 5, launch 6/0 g1 last_good");
}

TEST_CASE("a successor that ends in bad health after the hand-over", "[rollout]") {
  rollout_scene it{calm(2)};
  it.bring_up_all();
  it.reload();
  CHECK(it.bring_up(3) == "drain 1 replaced to 3");
  it.pass(200ms);
  SECTION("before anything else was replaced: its slot goes on with the old generation") {
    CHECK(it.exits(3, 1) == "launch 4/0 g1 last_good, rollout_failed g2, end failed 0/2, heirs 1 to 2");
    CHECK(it.under_test().generation() == generation_id{1});
  }
  SECTION("when its slot was done already, the failure is the same") {
    CHECK(it.exits(1) == "slot_replaced 3/0 g2, launch 4/1 g2");
    it.launched(4);
    CHECK(it.exits(3, 1) == "launch 5/0 g1 last_good, rollout_failed g2, term 4, end failed 0/2");
  }
  SECTION("after others were replaced: those go back") {
    it.exits(1);
    it.pass(2s);
    CHECK(it.bring_up(4) == "drain 2 replaced to 4");
    CHECK(it.dies(4, SIGSEGV) ==
          "launch 5/1 g1 last_good, rollout_failed g2, launch 6/0 g1 last_good, heirs 2 to 3");
    it.exits(2);
    it.bring_up(5);
    it.bring_up(6);
    CHECK(it.exits(3) == "slot_replaced 6/0 g1, rollout_finished g1, end rolled_back 1/2");
  }
  CHECK(it.report().stage == rollout_stage::handed_over);
}

TEST_CASE("the way back fails too: both reasons are reported", "[rollout]") {
  rollout_scene it{calm(3)};
  it.bring_up_all();
  it.reload();
  it.bring_up(4);
  it.exits(1);
  it.bring_up(5);
  it.exits(2);
  it.launched(6);
  it.exits(6, 3);
  it.launched(7);
  CHECK(it.exits(7, 4) == "rollout_failed g2, end failed 2/3");
  CHECK(it.report().stage == rollout_stage::start);
  has(it.report().reason, "exit code 3; going back failed too, at start");
  has(it.report().reason, "exit code 4");
  CHECK(it.serving() == ids{4, 5, 3});
  CHECK(it.under_test().generation() == generation_id{2});
  CHECK(it.asleep());
}

TEST_CASE("a restored worker that ends in bad health ends the way back", "[rollout]") {
  rollout_scene it{calm(3)};
  it.bring_up_all();
  it.reload();
  it.bring_up(4);
  it.exits(1);
  it.bring_up(5);
  it.exits(2);
  it.launch_failed(6);
  it.bring_up(7);
  CHECK(it.exits(7, 1) == "restart_delayed s0, rollout_failed g2, end failed 1/3, heirs 4 to 3 5");
  CHECK(it.tick_after(100ms) == "launch 8/0 g1 last_good");
}

TEST_CASE("an abort goes back, whatever rollback says", "[rollout]") {
  rollout_scene it{calm(3)};
  it.bring_up_all();
  it.reload({.rollback = false});
  SECTION("nothing was replaced yet") {
    it.launched(4);
    CHECK(it.abort() == "rollout_failed g2, term 4, end aborted 0/3");
    CHECK(it.report().reason == "it was aborted on request");
    CHECK(it.abort() == "");
    CHECK(it.serving() == ids{1, 2, 3});
  }
  SECTION("in the middle") {
    it.bring_up(4);
    it.exits(1);
    it.bring_up(5);
    CHECK(it.abort() == "rollout_failed g2, launch 6/0 g1 last_good");
    CHECK(it.abort() == "");
    CHECK(it.reload() == "already_rolling");
    CHECK(it.bring_up(6) == "drain 4 replaced to 6");
    CHECK(it.exits(4) == "slot_replaced 6/0 g1, launch 7/1 g1 last_good");
    CHECK(it.exits(2) == "");
    it.bring_up(7);
    CHECK(it.exits(5) == "slot_replaced 7/1 g1, rollout_finished g1, end aborted 2/3");
    CHECK(it.serving() == ids{6, 7, 3});
  }
  SECTION("and the way back fails") {
    it.bring_up(4);
    it.exits(1);
    it.abort();
    CHECK(it.launch_failed(6) == "rollout_failed g2, end failed 1/3");
    CHECK(it.report().stage == rollout_stage::launch);
    has(it.report().reason, "aborted on request; going back failed too");
  }
}

TEST_CASE("a stop ends a roll-out first", "[rollout]") {
  rollout_scene it{calm(2)};
  it.bring_up_all();
  it.reload();
  it.bring_up(3);
  CHECK(it.stop(stop_mode::graceful) ==
        "rollout_failed g2, end aborted 1/2, stopping, drain 2 requested, drain 3 requested");
  has(it.report().reason, "the cluster stops");
  it.exits(3);
  it.exits(2);
  CHECK(it.exits(1) == "stopped, finish");
  CHECK(it.asleep());
}

TEST_CASE("a stop on the way back tells of both", "[rollout]") {
  rollout_scene it{calm(2)};
  it.bring_up_all();
  it.reload();
  it.bring_up(3);
  it.exits(1);
  it.launched(4);
  it.exits(4, 3);
  CHECK(it.stop(stop_mode::fast) == "rollout_failed g2, end aborted 1/2, stopping, term 2, term 3");
  has(it.report().reason, "exit code 3");
  has(it.report().reason, "stops");
  it.launched(5);
  it.dies(2, SIGTERM);
  it.dies(3, SIGTERM);
  CHECK(it.dies(5, SIGTERM) == "stopped, finish");
}

TEST_CASE("an empty slot whose successor fails is as it was", "[rollout]") {
  auto settings = calm(2);
  settings.restart.no_restart_codes = {9};
  rollout_scene it{settings};
  it.bring_up_all();
  SECTION("waiting: its time comes") {
    it.exits(1, 1);
    it.launch_failed(3);
    it.pass(40ms);
    it.reload();
    it.pass(100ms);  // due meanwhile
    CHECK(it.launch_failed(4) == "rollout_failed g2, end failed 0/2");
    CHECK(it.tick() == "launch 5/0 g1 last_good");
  }
  SECTION("retired: it stays so") {
    it.exits(1, 9);
    it.reload();
    CHECK(it.launch_failed(3) == "rollout_failed g2, end failed 0/2");
    CHECK(it.asleep());
  }
  SECTION("emptied while its successor was on its way") {
    it.reload();
    CHECK(it.exits(1, 1) == "");
    CHECK(it.launch_failed(3) == "rollout_failed g2, end failed 0/2");
    CHECK(it.under_test().next_deadline() == it.now);
  }
  SECTION("all retired meanwhile: the fleet ends when the roll-out has") {
    it.reload();
    CHECK(it.exits(1, 9) == "retired s0");
    CHECK(it.exits(2, 9) == "retired s1");
    CHECK(it.launch_failed(3) == "rollout_failed g2, end failed 0/2, stopped, finish");
  }
}
