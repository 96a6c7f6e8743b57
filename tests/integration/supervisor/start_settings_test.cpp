// SPDX-License-Identifier: BSL-1.0
// How workers are started: folder, arguments, output, launcher, descriptors; by slot, and from now on.
#include "fixture.hpp"
#include "os/yielding.hpp"
#include "support/pipe.hpp"
#include "support/process.hpp"
#include "support/program.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

using namespace cluster;
using namespace cluster::test;

namespace {

std::string content(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("each worker is started as its slot is to be", "[start]") {
  scratch_folder folder;
  pipe_ends pipe;
  REQUIRE(::write(pipe.to.get(), "piped", 5) == 5);
  pipe.to.reset();
  options settings = with_workers("telling", 2, {"same"});
  settings.working_directory = folder.path();
  settings.worker_output = folder / "out-%s-%i%%";
  settings.launcher = {"env", "TELLING=slot %s"};
  std::string word = "first";
  settings.for_worker = [&](worker_id, slot_id slot, worker_settings& how) {
    if (slot.value == 1) how.arguments.back() = word;
    if (slot.value == 1) how.descriptors.emplace_back(pipe.from.get(), 4);
  };
  supervised cluster(settings);
  cluster.start();
  REQUIRE(cluster.run_until_ready(2));
  const std::string here = std::filesystem::canonical(folder.path());
  std::string second;  // which of the two got which id is of no matter
  for (const worker_status& each : cluster.master.status().workers) {
    const std::string text = content(
        folder / ("out-" + std::to_string(each.slot.value) + "-" + std::to_string(each.id.value) + "%"));
    if (each.slot.value == 0) CHECK(text == here + "|same|slot 0|none\n");
    else CHECK(text == here + "|first|slot 1|piped\n");
  }
  // From now on; the one that runs keeps what it has.
  word = "second";
  CHECK_FALSE(cluster.master.kill(cluster.master.status().workers[1].id));
  REQUIRE(cluster.run_until([&] { return cluster.of(event_kind::ready).size() == 3; }));
  CHECK(content(folder / "out-1-3%") == here + "|second|slot 1|\n");
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("who takes long to start does not give way for ever", "[start]") {
  supervised cluster(with_workers("dawdling", 1));
  const auto as_usual = [&](int pid) { return nice_of(pid) == nice_of(0) && slice_of(pid) == slice_of(0); };
  bool gave_way = false;  // seen before the loop could run anything else
  cluster.on_event = [&](const event& what) {
    if (what.kind == event_kind::forked) gave_way = !as_usual(what.pid);
  };
  cluster.start();
  REQUIRE(cluster.run_until([&] { return !cluster.of(event_kind::forked).empty(); }));
  if (!gave_way) {
    CHECK_FALSE(os::can_restore_priority({}, false));
    skipped("this kernel and this user's rights leave a starting worker nothing to give way with");
  }
  CHECK(cluster.run_until([&] { return as_usual(cluster.of(event_kind::forked)[0].pid); }));
  CHECK(cluster.of(event_kind::online).empty());
  cluster.stop(stop_mode::fast);
}

TEST_CASE("a worker under valgrind is a worker like any other, with a report of its own", "[start]") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  skipped("a sanitized program does not run under valgrind");
  return;
#endif
  if (std::system("command -v valgrind >/dev/null 2>&1") != 0) {
    skipped("valgrind is not installed");
    return;
  }
  scratch_folder folder;
  options settings = with_workers("good", 1);
  settings.launcher = {"valgrind", "--tool=none", "--log-file=" + (folder / "report-%s-%i")};
  supervised cluster(settings);
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  CHECK(cluster.stop() == error_code());
  CHECK(cluster.of(event_kind::exited)[0].status.code == 0);
  CHECK(content(folder / "report-0-1").find("Nulgrind, the minimal Valgrind tool") != std::string::npos);
}

TEST_CASE("settings that cannot be are a failed launch with its reason", "[start]") {
  struct one {
    std::function<void(worker_settings&)> change;
    std::string words;
  };
  const one wrong = GENERATE(values<one>({
      {[](worker_settings& how) { how.working_directory = "/nowhere"; }, "working directory"},
      {[](worker_settings& how) { how.launcher = {"no-such-launcher"}; }, "exec ./no-such-launcher"},
      {[](worker_settings& how) {
         how.descriptors = {{1, 3}};
       },
       "descriptor 1 as 3"},
      {[](worker_settings& how) {
         how.descriptors = {{999, 5}};
       },
       "descriptor 999 as 5"},
      {[](worker_settings& how) { how.output = "/nowhere/file"; }, "/nowhere/file: No such file"},
      {[](worker_settings&) { throw std::runtime_error("not this one"); }, "its settings: not this one"},
  }));
  options settings = with_workers("good", 1);
  settings.restart.max_failures = 1;
  settings.for_worker = [&](worker_id, slot_id, worker_settings& how) { wrong.change(how); };
  const auto before = open_descriptors();
  {
    supervised cluster(settings);
    cluster.start();
    REQUIRE(cluster.run_until([&] { return cluster.result.has_value(); }));
    CHECK(*cluster.result == make_error_code(error::never_ready));
    const event failed = cluster.of(event_kind::launch_failed)[0];
    INFO(failed.text);
    CHECK(failed.text.find(wrong.words) != std::string::npos);
  }
  CHECK(open_descriptors() == before);
}
