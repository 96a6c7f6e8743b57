// SPDX-License-Identifier: BSL-1.0
// Whose turn it is, who sticks where, and what nobody has acknowledged.
#include "policy/dispatch.hpp"

#include "support/catch.hpp"

#include <array>
#include <map>

using namespace cluster;
using namespace cluster::policy;

namespace {

struct accepting {
  explicit accepting(std::size_t workers, connection_limits limits = {}) : who(std::move(limits)) {
    for (std::size_t i = 0; i < workers; ++i) who.serve({i + 1}, {i});
  }
  /// Sends one and returns whom it went to; 0 for nobody.
  std::uint64_t send(connection_choice how = {}) {
    const auto to = who.next(how);
    if (!to) return 0;
    who.sent(*to, ++last);
    owner[last] = *to;
    return to->value;
  }
  void settle(std::uint64_t number) { CHECK(who.settled(owner.at(number), number)); }

  dispatcher who;
  std::uint64_t last = 0;
  std::map<std::uint64_t, worker_id> owner;
};

}  // namespace

TEST_CASE("workers take turns, slot by slot") {
  accepting it(3);
  std::vector<std::uint64_t> order;
  for (int i = 0; i < 7; ++i) order.push_back(it.send());
  CHECK(order == std::vector<std::uint64_t>{1, 2, 3, 1, 2, 3, 1});
}

TEST_CASE("who acknowledges nothing loses its turn and does not hold up the others") {
  accepting it(2);
  std::map<std::uint64_t, int> seen;
  for (int i = 0; i < 400; ++i) {
    const std::uint64_t to = it.send();
    REQUIRE(to != 0);
    ++seen[to];
    if (to == 2) it.settle(it.last);
  }
  CHECK(seen[1] == static_cast<int>(dispatcher::lag) + 1);
  CHECK(seen[2] == 400 - seen[1]);
}

TEST_CASE("nobody takes more than the window; an acknowledgement makes room") {
  accepting it(2);
  for (std::size_t i = 0; i < 2 * dispatcher::window; ++i) REQUIRE(it.send() != 0);
  CHECK_FALSE(it.who.room());
  CHECK(it.send() == 0);
  it.settle(5);
  CHECK(it.who.room());
  CHECK(it.send() == it.owner.at(5).value);
  CHECK(it.send() == 0);
}

TEST_CASE("what a dead worker had not acknowledged comes back, and nothing else") {
  accepting it(2);
  for (int i = 0; i < 6; ++i) it.send();
  it.settle(1);
  CHECK(it.who.gone({1}) == std::vector<std::uint64_t>{3, 5});
  CHECK(it.who.gone({1}).empty());
  CHECK_FALSE(it.who.settled({1}, 3));
  CHECK(it.send() == 2);
  CHECK(it.who.in_flight() == 4);
}

TEST_CASE("an acknowledgement of what was never sent is none") {
  accepting it(2);
  it.send();
  CHECK_FALSE(it.who.settled({2}, 1));
  CHECK_FALSE(it.who.settled({1}, 77));
  CHECK(it.who.settled({1}, 1));
  CHECK_FALSE(it.who.settled({1}, 1));
}

TEST_CASE("a worker that leaves keeps what is under way") {
  accepting it(2);
  it.send();
  it.who.leave({1});
  CHECK(it.send() == 2);
  CHECK(it.send() == 2);
  it.settle(1);
  CHECK_FALSE(it.who.serves(slot_id{0}));
  CHECK(it.who.serves(slot_id{1}));
  it.who.leave({2});
  CHECK_FALSE(it.who.anybody());
  CHECK(it.send() == 0);
}

TEST_CASE("a key stays in its slot, also when the slot's worker is replaced") {
  accepting it(4);
  const auto key = connection_choice::by_key("192.0.2.1");
  const std::uint64_t first = it.send(key);
  REQUIRE(first != 0);
  for (int i = 0; i < 20; ++i) CHECK(it.send(key) == first);
  it.who.serve({9}, {first - 1});
  CHECK(it.send(key) == 9);  // the successor of the same slot
  it.who.gone({first});
  CHECK(it.send(key) == 9);
}

TEST_CASE("keys spread, and a slot that goes takes only its own along") {
  accepting it(4);
  std::map<int, std::uint64_t> before;
  std::map<std::uint64_t, int> share;
  for (int i = 0; i < 1000; ++i) {
    const auto to = it.who.next(connection_choice::by_key("client " + std::to_string(i)));
    before[i] = to.value().value;
    ++share[to.value().value];
  }
  for (const auto& [worker, count] : share) CHECK((count > 180 && count < 320));
  it.who.leave({4});
  for (const auto& [i, worker] : before) {
    const auto to = it.who.next(connection_choice::by_key("client " + std::to_string(i)));
    if (worker != 4) CHECK(to.value().value == worker);
  }
}

TEST_CASE("a key waits for a worker that has enough, a slot without a worker is stood in for") {
  accepting it(2);
  const connection_choice slot_one{connection_choice::kind::slot, 1};
  for (std::size_t i = 0; i < dispatcher::window; ++i) REQUIRE(it.send(slot_one) == 2);
  CHECK(it.send(slot_one) == 0);
  CHECK(it.send() == 1);
  it.who.leave({2});
  CHECK(it.send(slot_one) == 1);
}

TEST_CASE("limits of each worker and of all count what is open and what is under way") {
  std::array<std::size_t, 2> open{};
  accepting it(2, {3, 5, [&](slot_id slot) { return open[slot.value]; }});
  open = {2, 0};
  CHECK(it.send() == 1);
  CHECK(it.send() == 2);
  CHECK(it.send() == 2);  // the first one has its three
  CHECK(it.send() == 0);  // and all have their five
  CHECK_FALSE(it.who.room());
  it.settle(1);
  open = {3, 0};
  CHECK(it.send() == 0);
  open = {1, 0};
  CHECK(it.send() == 1);
}
