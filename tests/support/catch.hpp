// SPDX-License-Identifier: BSL-1.0
#pragma once

// Catch2 in either major version. Tests keep to what both have: TEST_CASE, SECTION, REQUIRE, CHECK,
// INFO, CAPTURE, tags, GENERATE, REQUIRE_THROWS_AS. No matchers, no SKIP.
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <cstdio>

namespace cluster::test {

/// Says in plain sight that the running test case could not be tried here; the caller returns after
/// it. `./dev test` counts the case as skipped, not as passed.
inline void skipped(const char* reason) {
  std::printf("SKIPPED: %s\n", reason);
  std::fflush(stdout);
}

}  // namespace cluster::test
