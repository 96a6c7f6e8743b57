// SPDX-License-Identifier: BSL-1.0
#include "supervisor/message_budget.hpp"

#include "support/catch.hpp"

using cluster::message_budget;
using namespace std::chrono_literals;

namespace {

/// How many of `most` messages are in order, with so much time between them.
std::size_t in_order(message_budget& budget, std::chrono::nanoseconds between, std::size_t most,
                     std::chrono::steady_clock::time_point at = std::chrono::steady_clock::time_point(1h)) {
  for (std::size_t i = 0; i < most; ++i, at += between)
    if (!budget.spend(at)) return i;
  return most;
}

}  // namespace

TEST_CASE("many messages at once are in order, and a flood is not", "[budget]") {
  message_budget budget;
  CHECK(in_order(budget, 0ns, 100'000) == message_budget::at_once);
}

TEST_CASE("a flood that is read slowly is one all the same", "[budget]") {
  message_budget budget;
  CHECK(in_order(budget, 2ms, 100'000) < 2 * message_budget::at_once + 2);
}

TEST_CASE("who says something now and then may do so for ever", "[budget]") {
  message_budget budget;
  CHECK(in_order(budget, 4ms, 100'000) == 100'000);
  message_budget other;
  CHECK(in_order(other, 1ms, 1000) == 1000);
  // After a pause all of it may come again.
  CHECK(in_order(other, 0ns, 100'000, std::chrono::steady_clock::time_point(2h)) == message_budget::at_once);
}
