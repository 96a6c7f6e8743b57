// SPDX-License-Identifier: BSL-1.0
#include "supervisor/notification.hpp"

#include "support/catch.hpp"

using namespace cluster;

TEST_CASE("a notification is lines of assignments, of which a few matter here", "[foreign]") {
  const notification all = parse_notification("READY=1\nSTATUS=42 clients\nMAINPID=7\nWATCHDOG=1\n");
  CHECK(all.ready);
  CHECK(all.alive);
  CHECK_FALSE(all.stopping);
  CHECK_FALSE(all.trouble);
  CHECK(all.status == "42 clients");
  CHECK(parse_notification("STOPPING=1").stopping);
  CHECK(parse_notification("WATCHDOG=trigger").trouble);
  CHECK(parse_notification("STATUS=one\nSTATUS=two").status == "two");
}

TEST_CASE("what only looks like one says nothing", "[foreign]") {
  for (const char* text :
       {"", "\n\n", "READY=0", "READY=10", " READY=1", "ready=1", "READY=1 ", "READY", "X_READY=1"}) {
    const notification got = parse_notification(text);
    INFO(text);
    CHECK_FALSE(got.ready);
    CHECK(got.status.empty());
  }
  CHECK(parse_notification("STATUS=" + std::string(5000, 'x')).status.size() == 200);
  CHECK(parse_notification(std::string("READY=1\0STOPPING=1", 18)).ready == false);
}
