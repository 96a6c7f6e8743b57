// SPDX-License-Identifier: BSL-1.0
// Adoption when nobody has said where workers and supervisors meet.
#include "succession.hpp"
#include "support/catch.hpp"
#include "support/http_client.hpp"

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

program_settings workbench(const scratch_folder& runtime, std::vector<std::string> flags) {
  return {CLUSTER_TEST_BINARY_DIR "/examples/90_workbench",
          std::move(flags),
          {"XDG_RUNTIME_DIR=" + runtime.path()},
          {}};
}

void kill_and_wait(const program& one) {
  one.signal(SIGKILL);
  while (process_exists(one.pid())) std::this_thread::sleep_for(1ms);
}

}  // namespace

TEST_CASE("without a word about it a killed supervisor costs nothing: by the addresses", "[adoption]") {
  const scratch_folder runtime;
  const std::string listen = "unix:" + (runtime / "app.sock");
  program first(workbench(runtime, {"--listen", listen, "--workers", "2"}));
  first.wait_ready(2);
  kill_and_wait(first);
  program other(workbench(runtime, {"--listen", "unix:" + (runtime / "other.sock"), "--workers", "1"}));
  other.wait_ready(1);  // another cluster
  program next(workbench(runtime, {"--listen", listen, "--workers", "2"}));
  next.wait_for("took over 2 of 2 workers");
  CHECK(connection(runtime / "app.sock").get("/").status == 200);
  program late(workbench(runtime, {"--listen", listen, "--workers", "2"}));
  CHECK(late.wait_exit().code == 5);
  next.signal(SIGTERM);
  CHECK(next.wait_exit().code == 0);
}

TEST_CASE("without a word about it a killed supervisor costs nothing: by the control socket", "[adoption]") {
  const scratch_folder runtime;
  const std::vector<std::string> flags{"--listen",          "127.0.0.1:0", "--control",
                                       runtime / "control", "--workers",   "2"};
  program first(workbench(runtime, flags));
  first.wait_ready(2);
  const std::uint16_t port = first.port();
  kill_and_wait(first);
  program next(workbench(runtime, flags));
  next.wait_for("took over 2 of 2 workers");
  CHECK(next.port() == port);
  CHECK(get(port, "/").status == 200);
  next.signal(SIGTERM);
  CHECK(next.wait_exit().code == 0);
}

TEST_CASE("rendezvous off: orphans finish and leave", "[adoption]") {
  const scratch_folder runtime;
  program one(workbench(runtime, {"--listen", "127.0.0.1:0", "--control", runtime / "control", "--workers",
                                  "1", "--rendezvous", "off"}));
  one.wait_ready(1);
  const int worker = one.ready_workers().front().pid;
  kill_and_wait(one);
  one.wait_for("this worker drains and leaves");
  while (process_exists(worker)) std::this_thread::sleep_for(1ms);
}
