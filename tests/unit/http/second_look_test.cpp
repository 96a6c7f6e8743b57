// SPDX-License-Identifier: BSL-1.0
#include "http/second_look.hpp"

#include "support/catch.hpp"

using cluster::http::second_look;

namespace {

// How many of so many turns had a second look, where each finds what `finds` says.
template <class Finds>
int looks_of(second_look& it, int turns, Finds finds) {
  int looks = 0;
  for (int i = 0; i < turns; ++i)
    if (it.pays()) {
      ++looks;
      it.was(!finds(i));
    }
  return looks;
}

}  // namespace

TEST_CASE("a second look is taken where the last ones found something, and hardly ever where they did not") {
  second_look it;
  const auto always = [](int) { return true; };
  const auto never = [](int) { return false; };
  CHECK(looks_of(it, 320, never) == 10);
  CHECK(looks_of(it, 3200, always) > 2900);
  CHECK(looks_of(it, 3200, never) < 120);
  CHECK(looks_of(it, 3200, always) > 2900);
}

TEST_CASE("one miss among many is no reason to stop looking") {
  second_look it;
  looks_of(it, 3200, [](int) { return true; });
  CHECK(looks_of(it, 320, [](int i) { return i % 8 != 0; }) == 320);
}
