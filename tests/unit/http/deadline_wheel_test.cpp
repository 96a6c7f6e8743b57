// SPDX-License-Identifier: BSL-1.0
#include "http/deadline_wheel.hpp"
#include "support/catch.hpp"

#include <array>
#include <cstdint>
#include <random>
#include <vector>

using cluster::http::deadline_wheel;
using cluster::http::wheel_entry;

TEST_CASE("an entry expires after its deadline and within two ticks", "[http][timer]") {
  for (const std::uint64_t deadline : {1001U, 1010U, 1500U, 5000U, 6119U, 6120U, 20'000U, 75'000U}) {
    deadline_wheel wheel(10, 1000);
    wheel_entry entry;
    wheel.set(entry, deadline);
    std::uint64_t expired = 0;
    for (std::uint64_t now = 1000; now < 80'000 && expired == 0; now += 7)
      wheel.advance(now, [&](wheel_entry&) { expired = now; });
    INFO(deadline);
    CHECK(expired >= deadline);
    CHECK(expired <= deadline + 20);
  }
}

TEST_CASE("a deadline that moves is found where it is now", "[http][timer]") {
  deadline_wheel wheel(10, 0);
  wheel_entry later;
  wheel_entry sooner;
  wheel_entry removed;
  wheel.set(later, 100);
  wheel.set(later, 300);
  wheel.set(sooner, 300);
  wheel.set(sooner, 100);
  wheel.set(removed, 100);
  wheel.remove(removed);
  std::vector<wheel_entry*> expired;
  const auto take = [&](wheel_entry& e) { expired.push_back(&e); };
  wheel.advance(150, take);
  CHECK(expired == std::vector<wheel_entry*>{&sooner});
  wheel.advance(290, take);
  CHECK(expired.size() == 1);
  wheel.advance(320, take);
  CHECK(expired == std::vector<wheel_entry*>{&sooner, &later});
}

TEST_CASE("never means never, until it is set again", "[http][timer]") {
  deadline_wheel wheel(10, 0);
  wheel_entry entry;
  int expired = 0;
  const auto take = [&](wheel_entry&) { ++expired; };
  wheel.set(entry, 50);
  wheel.set(entry, wheel_entry::never);
  wheel.advance(1000, take);
  CHECK(expired == 0);
  wheel.set(entry, 1100);
  wheel.advance(2000, take);
  CHECK(expired == 1);
}

TEST_CASE("after a long sleep everything is found at once", "[http][timer]") {
  deadline_wheel wheel(10, 0);
  std::array<wheel_entry, 100> entries;
  for (std::size_t i = 0; i < entries.size(); ++i) wheel.set(entries[i], 50 + i * 50);
  std::size_t expired = 0;
  wheel.advance(10'000'000, [&](wheel_entry&) { ++expired; });
  CHECK(expired == entries.size());
}

TEST_CASE("many entries, moved and removed at random", "[http][timer]") {
  std::mt19937 random(7);
  deadline_wheel wheel(4, 0);
  std::vector<wheel_entry> entries(200);
  std::vector<std::uint64_t> due(entries.size(), wheel_entry::never);
  for (std::uint64_t now = 0; now < 20'000; now += 1 + random() % 9) {
    for (int i = 0; i < 5; ++i) {
      const std::size_t n = random() % entries.size();
      if (random() % 4 == 0) {
        wheel.remove(entries[n]);
        due[n] = wheel_entry::never;
      } else {
        due[n] = now + 1 + random() % 3000;
        wheel.set(entries[n], due[n]);
      }
    }
    wheel.advance(now, [&](wheel_entry& e) {
      const auto n = static_cast<std::size_t>(&e - entries.data());
      REQUIRE(due[n] <= now);
      due[n] = wheel_entry::never;
    });
    for (const std::uint64_t d : due) REQUIRE((d == wheel_entry::never || d + 13 > now));
  }
}
