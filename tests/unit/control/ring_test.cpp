// SPDX-License-Identifier: BSL-1.0
#include "control/ring.hpp"

#include "support/catch.hpp"

#include <string>

using cluster::control::ring;

namespace {

struct entry {
  std::uint64_t sequence;
  std::string text;
  std::size_t size() const { return text.size(); }
};

void fill(ring<entry>& kept, std::uint64_t from, std::uint64_t to, std::size_t size = 1) {
  for (std::uint64_t i = from; i <= to; ++i) kept.push({i, std::string(size, 'x')});
}

}  // namespace

TEST_CASE("a reader sees each entry once, in order") {
  ring<entry> kept(10, 1000);
  std::uint64_t missed = 7;
  CHECK(kept.next(0, missed) == nullptr);
  CHECK(missed == 0);
  fill(kept, 1, 3);
  std::uint64_t cursor = 0;
  for (std::uint64_t wanted = 1; wanted <= 3; ++wanted) {
    const entry* next = kept.next(cursor, missed);
    REQUIRE(next != nullptr);
    CHECK(next->sequence == wanted);
    CHECK(missed == 0);
    cursor = next->sequence;
  }
  CHECK(kept.next(cursor, missed) == nullptr);
  CHECK(kept.next(99, missed) == nullptr);  // from another life
}

TEST_CASE("a reader that comes too late is told how much it missed") {
  ring<entry> kept(3, 1000);
  fill(kept, 1, 10);
  CHECK(kept.size() == 3);
  std::uint64_t missed = 0;
  const entry* next = kept.next(2, missed);
  REQUIRE(next != nullptr);
  CHECK(next->sequence == 8);
  CHECK(missed == 5);
  CHECK(kept.next(7, missed)->sequence == 8);
  CHECK(missed == 0);
  CHECK(kept.before_first() == 7);
  CHECK(kept.last() == 10);
}

TEST_CASE("it is bounded in octets, too, and keeps at least the newest") {
  ring<entry> kept(1000, 100);
  fill(kept, 1, 50, 10);
  CHECK(kept.bytes() == 100);
  CHECK(kept.size() == 10);
  kept.push({51, std::string(500, 'y')});
  CHECK(kept.size() == 1);
  kept.push({52, "z"});
  CHECK(kept.size() == 1);
  CHECK(kept.bytes() == 1);
}

TEST_CASE("it may begin with any sequence: the server comes later than the first events") {
  ring<entry> kept(10, 1000);
  fill(kept, 100, 102);
  CHECK(kept.before_first() == 99);
  std::uint64_t missed = 0;
  CHECK(kept.next(kept.before_first(), missed)->sequence == 100);
  CHECK(missed == 0);
}
