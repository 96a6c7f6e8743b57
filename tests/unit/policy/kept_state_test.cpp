// SPDX-License-Identifier: BSL-1.0
// The notes that a supervisor leaves for the next one.
#include "policy/kept_state.hpp"

#include "support/catch.hpp"

using namespace cluster;
using namespace cluster::policy;

namespace {

kept_state sample() {
  kept_state state;
  state.name = "shop";
  state.listen = {"127.0.0.1:0", "unix:/run/shop with blanks.sock"};
  state.listeners = {{"the shop", "tcp://127.0.0.1:4711", true, false, true, 7},
                     {"", "unix:/run/shop with blanks.sock", false, true}};
  state.last_worker = {9};
  state.generation = {2};
  state.newest = {3};
  state.target = 2;
  state.configured = 4;
  state.rolling = true;
  state.sequence = 77;
  state.last_listener = 12;
  state.leaving = {3, 11};
  state.past = {0, 1, 2, 3, 4, 5, std::chrono::nanoseconds(6)};
  route_traffic route;
  route.route = "GET /a b";
  route.answers = {1, 2, 3, 4, 5};
  route.timed = 6;
  route.time = std::chrono::nanoseconds(7);
  state.routes = {route, route_traffic{}};
  state.scaling = {2, 6};
  state.configured_most = 8;
  state.slots = {{5, 1}, {4, 0}, {1, 0}};
  state.workers = {{{7}, {0}, {2}, 1234, 99}, {{9}, {1}, {3}, 4'000'000'000, ~std::uint64_t{0}, 123'456}};
  return state;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  REQUIRE(at != text.npos);
  return text.replace(at, what.size(), by);
}

}  // namespace

TEST_CASE("what is written is what is read", "[adoption]") {
  const std::string text = to_text(sample());
  const auto back = parse_kept_state(text);
  REQUIRE(back);
  CHECK(to_text(*back) == text);
  CHECK(back->name == "shop");
  CHECK(back->listen == sample().listen);
  CHECK(back->listeners == sample().listeners);
  CHECK(back->last_worker == worker_id{9});
  CHECK(back->generation == generation_id{2});
  CHECK(back->newest == generation_id{3});
  CHECK(back->target == 2);
  CHECK(back->configured == 4);
  CHECK(back->rolling);
  CHECK(back->sequence == 77);
  CHECK(back->last_listener == 12);
  CHECK(back->leaving == sample().leaving);
  CHECK(back->past.bytes_sent == 5);
  CHECK(back->past.busy.count() == 6);
  REQUIRE(back->routes.size() == 2);
  CHECK(back->routes[0].route == "GET /a b");
  CHECK(static_cast<const route_numbers&>(back->routes[0]) == sample().routes[0]);
  CHECK(back->routes[1].route.empty());
  CHECK(back->scaling == scale_range{2, 6});
  CHECK(back->configured_most == 8);
  REQUIRE(back->slots.size() == 3);
  CHECK(back->slots[0].launches == 5);
  CHECK(back->slots[0].failures_in_a_row == 1);
  REQUIRE(back->workers.size() == 2);
  CHECK(back->workers[1].pid == 4'000'000'000);
  CHECK(back->workers[1].start == ~std::uint64_t{0});
  CHECK(back->workers[0].leaves_by == 0);
  CHECK(back->workers[1].leaves_by == 123'456);
}

TEST_CASE("notes that are cut off anywhere are none", "[adoption]") {
  const std::string text = to_text(sample());
  for (std::size_t length = 0; length < text.size(); ++length) {
    INFO(text.substr(0, length));
    CHECK_FALSE(parse_kept_state(text.substr(0, length)));
  }
  CHECK_FALSE(parse_kept_state(text + "\n"));
  CHECK_FALSE(parse_kept_state(text + text));
}

TEST_CASE("a key from the future is passed over, another version is not read", "[adoption]") {
  const std::string text = to_text(sample());
  CHECK(parse_kept_state(replaced(text, "past ", "colour blue\npast ")));
  CHECK_FALSE(parse_kept_state(replaced(text, "cluster-state 1", "cluster-state 2")));
}

TEST_CASE("notes that cannot be true are none", "[adoption]") {
  const std::string text = to_text(sample());
  const auto refused = [&](const std::string& what, const std::string& by) {
    INFO(what << " -> " << by);
    CHECK_FALSE(parse_kept_state(replaced(text, what, by)));
  };
  refused("listener 1 0 1 7 8 the", "listener 1 0 1 7 9 the");
  refused("listener 1 0 1 7 8 the", "listener 1 0 1 7 800 the");
  refused("listener 1 0 1 7 8 the", "listener 1 2 1 7 8 the");
  refused("listener 1 0 1 7 8 the", "listener 1 1 7 8 the");
  refused("listener 1 0 1 7 8 the shop tcp://127.0.0.1:4711", "listener 1 0 1");
  refused("worker 7 0 2 1234 99", "worker 7 0 2 1234");
  refused("worker 7 0 2 1234 99", "worker 7 0 2 1234 99 1");
  refused("worker 7 0 2 1234 99", "worker 7 0 2 12a4 99");
  refused("worker 7 0 2 1234 99", "worker 0 0 2 1234 99");
  refused("worker 7 0 2 1234 99", "worker 10 0 2 1234 99");  // beyond the last number given
  refused("worker 7 0 2 1234 99", "worker 9 0 2 1234 99");   // twice
  refused("worker 7 0 2 1234 99", "worker 7 3 2 1234 99");   // no such slot
  refused("worker 7 0 2 1234 99", "worker 7 0 4 1234 99");   // newer than the newest
  refused("sent-away 9 123456", "sent-away 9");
  refused("sent-away 9 123456", "sent-away 8 123456");  // no such worker
  refused("sent-away 9 123456", "sent-away 9 0");
  refused("sent-away 9 123456", "sent-away 9 18446744073709551615");  // beyond any clock
  refused("ids 9 2 3 2 1 77 4", "ids 9 0 3 2 1 77 4");
  refused("ids 9 2 3 2 1 77 4", "ids 9 2 1 2 1 77 4");
  refused("ids 9 2 3 2 1 77 4", "ids 9 2 3 0 1 77 4");
  refused("ids 9 2 3 2 1 77 4", "ids 9 2 3 99999 1 77 4");
  refused("ids 9 2 3 2 1 77 4", "ids 9 2 3 2 1 77 4 5");
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "slot 1 0\n";
  refused("slot 5 1\n", many);
}
