// SPDX-License-Identifier: BSL-1.0
#include "os/process_usage.hpp"

#include "support/catch.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <ctime>

using namespace cluster::os;
using namespace std::chrono_literals;

TEST_CASE("CPU time used is seen") {
  const auto before = read_usage(::getpid());
  REQUIRE(before.has_value());
  const std::clock_t start = std::clock();
  while (std::clock() - start < CLOCKS_PER_SEC / 20) continue;
  const auto after = read_usage(::getpid());
  REQUIRE(after.has_value());
  CHECK(after->cpu - before->cpu >= 20ms);  // the kernel counts in ticks of 10 ms
}

TEST_CASE("memory that was touched is seen") {
  constexpr std::size_t size = 32 * 1024 * 1024;
  const auto before = read_usage(::getpid());
  void* memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  const auto after = read_usage(::getpid());
  REQUIRE((before.has_value() && after.has_value()));
  CHECK(after->rss >= before->rss + size * 9 / 10);
  const auto share = read_proportional_memory(::getpid());
  ::munmap(memory, size);
  REQUIRE(share.has_value());
  CHECK(*share >= size * 9 / 10);
}

TEST_CASE("a process that does not exist uses nothing that could be told") {
  CHECK_FALSE(read_usage(0x3FFFFFFF).has_value());
  CHECK_FALSE(read_proportional_memory(0x3FFFFFFF).has_value());
}
