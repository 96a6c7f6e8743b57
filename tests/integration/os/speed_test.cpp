// SPDX-License-Identifier: BSL-1.0
#include "integration/os/launching.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool copies_the_host = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool copies_the_host = true;
#else
constexpr bool copies_the_host = false;
#endif
#else
constexpr bool copies_the_host = false;
#endif

// The fastest of several: what a busy machine adds is not ours, what copying costs is in each of them.
std::chrono::microseconds fastest_launch() {
  auto fastest = std::chrono::microseconds::max();
  for (int i = 0; i < 40; ++i) {
    const auto began = std::chrono::steady_clock::now();
    const launched_process process = start(plan_for("/bin/true"));
    const auto took = std::chrono::steady_clock::now() - began;
    fastest = std::min(fastest, std::chrono::duration_cast<std::chrono::microseconds>(took));
    wait_end(process);
  }
  return fastest;
}

}  // namespace

TEST_CASE("a large host launches about as fast as a small one") {
  if (copies_the_host) return skipped("sanitized builds copy the host's address space");
  const auto small = fastest_launch();
  constexpr std::size_t size = 256 * 1024 * 1024;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  ::madvise(memory, size, MADV_NOHUGEPAGE);  // as many page table entries as there can be
  for (std::size_t at = 0; at < size; at += 4096) static_cast<volatile char*>(memory)[at] = 1;
  const auto large = fastest_launch();
  ::munmap(memory, size);
  const double ratio =
      static_cast<double>(large.count()) / static_cast<double>(std::max<long>(small.count(), 1));
  std::printf("launch: %ld us small, %ld us with 256 MiB touched, ratio %.2f\n",
              static_cast<long>(small.count()), static_cast<long>(large.count()), ratio);
  // Copying the page tables of 256 MiB costs several milliseconds each time.
  CHECK((ratio < 3.0 || large - small < std::chrono::microseconds(1500)));
}
