// SPDX-License-Identifier: BSL-1.0
#include "http/give_way.hpp"

#include "support/catch.hpp"

using cluster::http::give_way;
using namespace std::chrono_literals;

namespace {

struct turn_away {
  give_way::time time;
  bool client = false;  ///< what was found then came from this processor
};

// How many of so many looks, ten a millisecond, had others run before them, where each of those is what
// `takes` says.
template <class Takes>
int ways_given(give_way& it, std::uint64_t& now, int looks, Takes takes) {
  int given = 0;
  for (int i = 0; i < looks; ++i) {
    if (i % 10 == 0) ++now;
    if (!it.pays(now)) continue;
    ++given;
    const turn_away away = takes(i);
    now += static_cast<std::uint64_t>(away.time / 1ms);
    it.took(away.time);
    if (away.time >= give_way::slice && !away.client) it.lost(away.time, now);
  }
  return given;
}

}  // namespace

TEST_CASE("way is given where others make work, and hardly ever where nobody is") {
  give_way it;
  std::uint64_t now = 1000;
  const auto nobody = [](int) { return turn_away{700ns}; };
  const auto workers = [](int i) { return turn_away{i % 1024 == 0 ? give_way::time{3ms} : 90us}; };
  const auto busy_client = [](int) { return turn_away{3ms, true}; };
  CHECK(ways_given(it, now, 3200, nobody) <= 101);
  CHECK(ways_given(it, now, 3200, workers) > 3100);
  CHECK(ways_given(it, now, 3200, busy_client) == 3200);
  CHECK(ways_given(it, now, 3200, nobody) < 200);
}

TEST_CASE("who computes all the time he is given has little of ours") {
  give_way it;
  std::uint64_t now = 1000;
  const auto computes = [](int) { return turn_away{3ms}; };
  const auto began = now;
  const int given = ways_given(it, now, 100'000, computes);
  CHECK(given > 20);
  CHECK(static_cast<std::uint64_t>(given) * 3 < (now - began) / 14);
}
