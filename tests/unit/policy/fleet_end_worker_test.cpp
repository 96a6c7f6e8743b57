// SPDX-License-Identifier: BSL-1.0
#include "scene.hpp"

#include "support/catch.hpp"

using namespace cluster;
using namespace cluster::policy;
using namespace cluster::policy::test;
using namespace std::chrono_literals;

TEST_CASE("a worker that is ended drains, and its slot gets another one at once", "[fleet][one]") {
  scene it{calm(2)};
  it.bring_up_all();
  CHECK(it.under_test().may_end({1}));
  CHECK(it.end(1) == "draining 1, drain 1 requested 30000");
  CHECK_FALSE(it.under_test().may_end({1}));
  CHECK(it.end(1) == "");  // it leaves already
  CHECK(it.exits(1, 0) == "disconnected 1, exited 1 requested, launch 3/0");
  CHECK_FALSE(it.under_test().alive({1}));
}

TEST_CASE("a worker that never becomes ready can be ended", "[fleet][one]") {
  scene it{calm(1)};
  it.start();
  it.launched(1);
  CHECK(it.under_test().may_end({1}));
  CHECK(it.end(1) == "draining 1, term 1");
  CHECK(it.dies(1, 15) == "disconnected 1, exited 1 requested, launch 2/0");
}

TEST_CASE("nobody is ended who is unknown, gone, or part of a stop", "[fleet][one]") {
  scene it{calm(1)};
  it.bring_up_all();
  CHECK(it.end(7) == "");
  CHECK_FALSE(it.under_test().may_end({7}));
  it.stop(stop_mode::graceful);
  CHECK(it.end(1) == "");
}
