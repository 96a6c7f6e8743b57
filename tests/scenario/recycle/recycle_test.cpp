// SPDX-License-Identifier: BSL-1.0
// Workers that are replaced because they have served enough: whole programs, from outside.
#include "support/catch.hpp"
#include "support/program.hpp"
#include "support/strict_load.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <thread>
#include <vector>

using namespace cluster::test;
using namespace std::chrono_literals;
using manner = strict_load::manner;

namespace {

program_settings workbench(std::vector<std::string> flags) {
  program_settings settings;
  settings.path = CLUSTER_TEST_BINARY_DIR "/examples/90_workbench";
  settings.arguments = {"--listen", "127.0.0.1:0"};
  settings.arguments.insert(settings.arguments.end(), flags.begin(), flags.end());
  return settings;
}

std::uint64_t resident(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  std::uint64_t size = 0;
  std::uint64_t pages = 0;
  file >> size >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// The living workers of a program that are ready or were.
std::vector<program::worker_line> alive(const program& cluster) {
  std::vector<program::worker_line> found;
  for (const auto& each : cluster.ready_workers())
    if (process_exists(each.pid)) found.push_back(each);
  return found;
}

}  // namespace

TEST_CASE("workers are replaced after so many requests, nothing is lost", "[recycle]") {
  program cluster(workbench({"--workers", "3", "--max-requests", "400"}));
  cluster.wait_ready(3);
  const std::uint64_t seed = std::random_device{}();
  strict_load clients(cluster.port(), seed,
                      {{manner::busy, 2}, {manner::single, 2}, {manner::holder, 8}, {manner::pipelined, 2}});
  cluster.wait_ready(9);  // each slot twice, on the average
  const strict_load::result seen = clients.finish();
  INFO("seed " << seed << ": " << seen.words() << "\n" << cluster.output());
  CHECK(seen.lost() == 0);
  CHECK(seen.announced == 0);
  CHECK(cluster.count("has served enough: ") >= 6);
  CHECK(cluster.count("ended, ") == cluster.count("ended, recycled: exit code 0"));
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("a worker that leaks is replaced before its limit and a tenth, one at a time", "[recycle]") {
  constexpr std::uint64_t limit = 96ull * 1024 * 1024;
  program cluster(workbench({"--workers", "2", "--max-rss", "96M"}));
  cluster.wait_ready(2);
  const std::uint64_t seed = std::random_device{}();
  strict_load clients(cluster.port(), seed, {{manner::paced, 2}, {manner::holder, 4}});
  std::uint64_t most = 0;
  std::size_t crowd = 0;
  connection leaking(cluster.port());
  // About 40 MiB a second on one connection, which moves along with each replacement.
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (cluster.ready_workers().size() < 5) {
    INFO(cluster.output());
    REQUIRE(std::chrono::steady_clock::now() < give_up);
    const answer got = leaking.get("/leak/1024");
    INFO(got.problem << "\n" << cluster.output());
    REQUIRE(got.status == 200);
    const auto workers = alive(cluster);
    crowd = std::max(crowd, workers.size());
    for (const auto& each : workers) most = std::max(most, resident(each.pid));
    std::this_thread::sleep_for(25ms);
  }
  const strict_load::result seen = clients.finish();
  WARN("largest resident memory " << most / 1024 / 1024 << " MiB of " << limit / 1024 / 1024);
  INFO("seed " << seed << ": " << seen.words() << "\n" << cluster.output());
  CHECK(most < limit + limit / 10);
  CHECK(most > limit / 2);  // it did leak
  CHECK(crowd <= 3);        // two, and one successor
  CHECK(seen.lost() == 0);
  CHECK(seen.announced == 0);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("workers are replaced at an age", "[recycle]") {
  program cluster(workbench({"--workers", "2", "--max-age", "700ms"}));
  cluster.wait_ready(4);
  CHECK(cluster.count("an age of ") >= 2);
  CHECK(get(cluster.port(), "/").status == 200);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("a worker that takes far too much is ended at once", "[recycle]") {
  program cluster(workbench({"--workers", "2", "--max-rss-hard", "96M"}));
  cluster.wait_ready(2);
  connection leaking(cluster.port());
  for (int i = 0; i < 4; ++i)
    if (leaking.get("/leak/50000").status != 200) break;
  cluster.wait_for("takes too much memory: ");
  cluster.wait_ready(3);
  cluster.wait_for("ended, recycled: signal 9 (SIGKILL)");
  CHECK(get(cluster.port(), "/").status == 200);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}
