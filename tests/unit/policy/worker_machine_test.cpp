// SPDX-License-Identifier: BSL-1.0
// Every pair of phase and input against a list written from the rules, not from the table: the
// rules say what happens; each pair that no rule names must change nothing.
#include "policy/worker_machine.hpp"

#include "support/catch.hpp"

#include <map>
#include <set>
#include <utility>
#include <vector>

using namespace cluster;
using namespace cluster::policy;

namespace {

using P = worker_phase;
using I = worker_input;
using E = worker_effect;
using pairs = std::map<std::pair<P, I>, worker_step>;

std::vector<P> all_phases() {
  std::vector<P> all;
  for (std::size_t i = 0; i < worker_phase_count; ++i) all.push_back(static_cast<P>(i));
  return all;
}

std::vector<I> all_inputs() {
  std::vector<I> all;
  for (std::size_t i = 0; i < worker_input_count; ++i) all.push_back(static_cast<I>(i));
  return all;
}

void rule(pairs& expected, const std::vector<P>& from, I what, P next, E effect) {
  for (const P phase : from) {
    // Two rules for one pair would mean that one of them is not tested.
    REQUIRE(expected.emplace(std::pair{phase, what}, worker_step{next, effect}).second);
  }
}

/// As rule(), for what leaves the phase as it is.
void rule_stays(pairs& expected, const std::vector<P>& in, I what, E effect) {
  for (const P phase : in) rule(expected, {phase}, what, phase, effect);
}

pairs expectations() {
  const std::vector<P> with_process{P::starting, P::online, P::ready,       P::draining,
                                    P::leaving,  P::lost,   P::terminating, P::killing};
  pairs all;
  // The answer to the launch.
  rule(all, {P::launching}, I::launched, P::starting, E::announce_forked);
  rule(all, {P::abandoned}, I::launched, P::terminating, E::end_newborn);
  rule(all, {P::launching, P::abandoned}, I::launch_failed, P::gone, E::report_launch_failure);
  // The way up.
  rule(all, {P::starting}, I::hello, P::online, E::announce_online);
  rule(all, {P::online}, I::ready, P::ready, E::announce_ready);
  rule(all, {P::starting, P::online}, I::ready_deadline, P::killing, E::kill);
  // Asked to drain: by DRAIN if it can hear that, else by TERM.
  rule(all, {P::launching}, I::drain_requested, P::abandoned, E::none);
  rule(all, {P::online, P::ready}, I::drain_requested, P::draining, E::send_drain);
  rule(all, {P::starting, P::lost}, I::drain_requested, P::terminating, E::terminate);
  // Draining by itself, and what comes of any drain.
  rule(all, {P::online, P::ready}, I::drain_reported, P::draining, E::note_drain);
  rule(all, {P::draining}, I::done, P::leaving, E::await_exit);
  rule(all, {P::draining}, I::drain_deadline, P::terminating, E::terminate);
  rule(all, {P::leaving}, I::exit_deadline, P::terminating, E::terminate);
  rule(all, {P::terminating}, I::kill_deadline, P::killing, E::kill);
  // The channel.
  rule(all, {P::starting, P::online, P::ready}, I::channel_closed, P::lost, E::await_lost);
  rule_stays(all, {P::draining, P::leaving, P::terminating, P::killing}, I::channel_closed,
             E::announce_disconnected);
  rule(all, {P::lost}, I::exit_deadline, P::killing, E::kill);
  rule(all, {P::starting, P::online, P::ready, P::draining, P::leaving, P::terminating}, I::channel_broken,
       P::killing, E::cut_and_kill);
  rule_stays(all, {P::killing}, I::channel_broken, E::announce_disconnected);
  // Harder requests.
  rule(all, {P::launching}, I::terminate_requested, P::abandoned, E::none);
  rule(all, {P::starting, P::online, P::ready, P::draining, P::leaving, P::lost}, I::terminate_requested,
       P::terminating, E::terminate);
  rule(all, {P::launching}, I::kill_requested, P::abandoned, E::none);
  rule(all, {P::starting, P::online, P::ready, P::draining, P::leaving, P::lost, P::terminating},
       I::kill_requested, P::killing, E::kill);
  // The end.
  rule(all, with_process, I::exited, P::gone, E::bury);
  return all;
}

}  // namespace

TEST_CASE("every pair of phase and input is decided as the rules say", "[worker_machine]") {
  const auto expected = expectations();
  for (const P phase : all_phases()) {
    for (const I input : all_inputs()) {
      const auto found = expected.find({phase, input});
      const auto want = found == expected.end() ? worker_step{phase, E::none} : found->second;
      INFO("phase " << static_cast<int>(phase) << ", input " << static_cast<int>(input));
      CHECK(step(phase, input).next == want.next);
      CHECK(step(phase, input).effect == want.effect);
    }
  }
}

TEST_CASE("each phase can be reached, and from each alive one the exit leads to gone", "[worker_machine]") {
  std::set<P> reached{P::launching};
  for (std::size_t round = 0; round < worker_phase_count; ++round)
    for (const P phase : std::set<P>(reached))
      for (const I input : all_inputs()) reached.insert(step(phase, input).next);
  CHECK(reached.size() == worker_phase_count);
  for (const I input : all_inputs()) CHECK(step(P::gone, input).next == P::gone);
}

TEST_CASE("a worker never goes back to an earlier public state", "[worker_machine]") {
  const auto rank = [](P phase) { return public_state(phase); };
  for (const P phase : all_phases())
    for (const I input : all_inputs()) {
      INFO("phase " << static_cast<int>(phase) << ", input " << static_cast<int>(input));
      CHECK(rank(step(phase, input).next) >= rank(phase));
    }
}

TEST_CASE("the world sees four states", "[worker_machine]") {
  const std::map<P, worker_state> expected{
      {P::launching, worker_state::starting},   {P::abandoned, worker_state::draining},
      {P::starting, worker_state::starting},    {P::online, worker_state::starting},
      {P::ready, worker_state::ready},          {P::draining, worker_state::draining},
      {P::leaving, worker_state::draining},     {P::lost, worker_state::draining},
      {P::terminating, worker_state::draining}, {P::killing, worker_state::draining},
      {P::gone, worker_state::exited}};
  REQUIRE(expected.size() == worker_phase_count);
  for (const auto& [phase, state] : expected) CHECK(public_state(phase) == state);
}

TEST_CASE("a deadline means something exactly where the phase is bounded", "[worker_machine]") {
  const std::map<P, I> expected{{P::starting, I::ready_deadline}, {P::online, I::ready_deadline},
                                {P::draining, I::drain_deadline}, {P::leaving, I::exit_deadline},
                                {P::lost, I::exit_deadline},      {P::terminating, I::kill_deadline}};
  for (const P phase : all_phases()) {
    const auto found = expected.find(phase);
    INFO("phase " << static_cast<int>(phase));
    CHECK(deadline_input(phase).has_value() == (found != expected.end()));
    if (found == expected.end()) continue;
    CHECK(deadline_input(phase).value() == found->second);
    // It must lead out, or a passed deadline would stay due for ever.
    CHECK(step(phase, found->second).next != phase);
  }
}
