// SPDX-License-Identifier: BSL-1.0
// What clients see of reloads: loads a server with clients that never try again, has it reload over and
// over by SIGHUP, and counts. `cluster_bench_reload NAME PORT PID ROUNDS INTERVAL_MS`
#include "support/strict_load.hpp"

#include <poll.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>

using cluster::test::strict_load;
using manner = strict_load::manner;

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: %s NAME PORT PID ROUNDS INTERVAL_MS\n", argv[0]);
    return 2;
  }
  const int rounds = std::atoi(argv[4]);
  strict_load clients(static_cast<std::uint16_t>(std::atoi(argv[2])), 1,
                      {{manner::busy, 2},
                       {manner::paced, 4},
                       {manner::single, 2},
                       {manner::holder, 32},
                       {manner::pipelined, 4}},
                      strict_load::asking::path);
  clients.wait_for_more(500);
  for (int round = 0; round < rounds; ++round) {
    ::kill(std::atoi(argv[3]), SIGHUP);
    ::poll(nullptr, 0, std::atoi(argv[5]));
    clients.wait_for_more(50);
  }
  const strict_load::result seen = clients.finish();
  const auto each = [&](std::uint64_t count) { return static_cast<double>(count) / rounds; };
  std::printf("%-10s %9llu %8.2f %8.2f %8.2f %8.2f %9.2f\n", argv[1],
              static_cast<unsigned long long>(seen.answered), each(seen.refused), each(seen.reset),
              each(seen.end_on_fresh + seen.end_on_reused), each(seen.truncated + seen.silent + seen.wrong),
              each(seen.announced));
  return 0;
}
