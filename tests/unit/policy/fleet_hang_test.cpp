// SPDX-License-Identifier: BSL-1.0
// Workers that hang: the successor first, then the end.
#include "scene.hpp"

#include "support/catch.hpp"

#include <csignal>

using namespace cluster;
using namespace cluster::policy;
using namespace cluster::policy::test;
using namespace std::chrono_literals;

TEST_CASE("a hung worker is ended when its successor is ready, and not before", "[fleet][hang]") {
  scene it{calm(2)};
  it.bring_up_all();
  it.pass(5s);
  CHECK(it.silent(1, 5s) == "unresponsive 1");
  CHECK(it.text() == "worker 1 in slot 0 does not turn its event loop, for 5 s now");
  CHECK(it.hung(1, 10s) == "hung 1, launch 3/0");
  CHECK(it.under_test().ready_count() == 1);
  CHECK(it.under_test().view()[0].hung);
  CHECK(it.hung(1, 11s) == "");
  it.launched(3);
  it.hello(3);
  CHECK(it.ready(3) == "ready 3, kill 1");
  CHECK(it.under_test().ready_count() == 2);
  CHECK(it.dies(1, SIGKILL) == "disconnected 1, exited 1 hung");
  CHECK(it.text() == "worker 1 in slot 0: its event loop stood still for 10 s; signal 9 (SIGKILL)");
  CHECK(it.asleep());
}

TEST_CASE("if a core is wanted, ABRT comes first and has half a minute", "[fleet][hang]") {
  auto settings = calm(2);
  settings.hang_core = true;
  scene it{settings};
  it.bring_up_all();
  it.pass(5s);
  it.hung(2, 10s);
  it.launched(3);
  it.hello(3);
  CHECK(it.ready(3) == "ready 3, draining 2, abort 2");
  SECTION("it takes effect") {
    CHECK(it.dies(2, SIGABRT) == "disconnected 2, exited 2 hung");
    CHECK(it.asleep());
  }
  SECTION("it does not") {
    CHECK(it.tick_after(30s) == "kill 2");
    CHECK(it.dies(2, SIGKILL) == "disconnected 2, exited 2 hung");
  }
}

TEST_CASE("a hung worker whose successor fails is ended, and its slot starts afresh", "[fleet][hang]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.pass(5s);
  it.hung(1, 10s);
  SECTION("it cannot be launched") { CHECK(it.launch_failed(2, "no memory") == "launch_failed 2, kill 1"); }
  SECTION("it does not become ready") {
    it.launched(2);
    CHECK(it.tick_after(10s) == "kill 2");
    CHECK(it.dies(2, SIGKILL) == "disconnected 2, exited 2 failed_to_start, kill 1");
  }
  CHECK(it.dies(1, SIGKILL) == "disconnected 1, exited 1 hung, launch 3/0");
  it.bring_up(3);
  CHECK(it.under_test().ready_count() == 1);
}

TEST_CASE("a worker that recovers is replaced gently, as its successor is on its way", "[fleet][hang]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.hung(1, 10s);
  it.launched(2);
  it.hello(2);
  CHECK(it.recovered(1) == "recovered 1");
  CHECK(it.under_test().ready_count() == 1);
  CHECK(it.ready(2) == "ready 2, draining 1, drain 1 recycled 30000");
  it.done(1);
  CHECK(it.exits(1, 0) == "disconnected 1, exited 1 recycled");
}

TEST_CASE("a worker that hangs again gets another successor", "[fleet][hang]") {
  scene it{calm(1)};
  it.bring_up_all();
  it.hung(1, 10s);
  it.recovered(1);
  CHECK(it.launch_failed(2, "no memory") == "launch_failed 2");
  CHECK(it.asleep());
  CHECK(it.hung(1, 10s) == "hung 1, launch 3/0");
}

TEST_CASE("a hung worker that is ended anyway is not waited for", "[fleet][hang]") {
  scene it{calm(2)};
  it.bring_up_all();
  it.pass(5s);
  it.hung(2, 10s);
  it.launched(3);
  SECTION("its slot is taken away") {
    CHECK(it.scale(1) == "draining 3, term 3, kill 2");
    it.dies(2, SIGKILL);
    it.dies(3, SIGTERM);
    CHECK(it.under_test().alive_count() == 1);
  }
  SECTION("the cluster stops") {
    CHECK(it.stop(stop_mode::graceful) ==
          "stopping, draining 1, drain 1 requested 30000, kill 2, draining 3, term 3");
    it.dies(2, SIGKILL);
    it.dies(3, SIGTERM);
    it.done(1);
    CHECK(it.exits(1, 0) == "disconnected 1, exited 1 requested, stopped, finish clean");
  }
  SECTION("it crashes by itself") {
    CHECK(it.dies(2, SIGSEGV) == "disconnected 2, exited 2 signalled");
    it.hello(3);
    CHECK(it.ready(3) == "ready 3");
    CHECK(it.under_test().ready_count() == 2);
  }
}

TEST_CASE("a roll-out ends the hung worker whose slot it takes", "[fleet][hang]") {
  scene it{calm(2)};
  it.bring_up_all();
  it.pass(5s);
  it.reload();  // the successor of slot 0 is on its way
  CHECK(it.hung(1, 10s) == "hung 1");
  it.launched(3);
  it.hello(3);
  CHECK(it.ready(3).find("kill 1") != std::string::npos);
}

TEST_CASE("nobody hands connections to a hung worker", "[fleet][hang]") {
  scene it{calm(3)};
  it.bring_up_all();
  it.hung(2, 10s);
  it.scale(2);
  CHECK(it.heirs_of_last_drain() == std::vector<std::uint64_t>{1});
}

TEST_CASE("a worker that is kept stopped is replaced like any that is restarted", "[fleet][hang]") {
  scene it{calm(1)};
  it.bring_up_all();
  CHECK(it.stopped(1, 30s) == "unresponsive 1, launch 2/0");
  it.launched(2);
  it.hello(2);
  CHECK(it.ready(2) == "ready 2, draining 1, drain 1 recycled 30000");
  CHECK(it.tick_after(30s) == "term 1");
  CHECK(it.tick_after(2s) == "kill 1");
  CHECK(it.dies(1, SIGKILL) == "disconnected 1, exited 1 recycled");
}

TEST_CASE("a worker that has served enough gets its successor first", "[fleet][recycle]") {
  scene it{calm(2)};
  it.bring_up_all();
  CHECK_FALSE(it.under_test().replacing());
  CHECK(it.recycle(1, "1000 requests of 1000") == "recycling 1, launch 3/0");
  CHECK(it.text() == "worker 1 in slot 0 has served enough: 1000 requests of 1000");
  CHECK(it.under_test().replacing());
  CHECK(it.recycle(1, "1001 requests of 1000") == "");
  it.launched(3);
  it.hello(3);
  CHECK(it.ready(3) == "ready 3, draining 1, drain 1 recycled 30000");
  CHECK(it.under_test().replacing());
  it.done(1);
  CHECK(it.exits(1, 0) == "disconnected 1, exited 1 recycled");
  CHECK_FALSE(it.under_test().replacing());
  CHECK(it.recycle(9, "nothing") == "");
}

TEST_CASE("findings about workers that are not ready are too late", "[fleet][hang]") {
  scene it{calm(1)};
  it.start();
  it.launched(1);
  CHECK(it.hung(1, 10s) == "");
  CHECK(it.silent(1, 10s) == "");
  CHECK(it.stopped(1, 10s) == "");
  CHECK(it.recovered(1) == "");
  CHECK(it.hung(9, 10s) == "");
}

TEST_CASE("one that takes too much memory is ended now, and its successor starts beside that",
          "[fleet][hang]") {
  scene it{calm(2)};
  it.bring_up_all();
  CHECK(it.overgrown(1, "250 MiB") == "recycling 1, launch 3/0, kill 1");
  CHECK(it.overgrown(1, "250 MiB") == "");
  it.dies(1, 9);
  it.launched(3);
  it.hello(3);
  it.ready(3);
  CHECK(it.overgrown(9, "250 MiB") == "");
}
