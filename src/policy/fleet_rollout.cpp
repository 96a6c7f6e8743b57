// SPDX-License-Identifier: BSL-1.0
// What the fleet does for a roll-out: shows it the workers, carries out what it answers. It looks
// at the whole after each event instead of following single ones: a slot may move on because of
// anything that happened anywhere.
#include "policy/fleet.hpp"

#include <algorithm>
#include <utility>

namespace cluster::policy {

using condition = slot_record::condition;

namespace {

std::string name_of(generation_id generation) { return "generation " + std::to_string(generation.value); }

std::size_t count(const std::vector<bool>& flags) {
  return static_cast<std::size_t>(std::count(flags.begin(), flags.end(), true));
}

std::string of_slots(std::size_t some, std::size_t all) {
  return std::to_string(some) + " of " + std::to_string(all) + (all == 1 ? " slot" : " slots");
}

}  // namespace

reload_refusal fleet::reload(const rollout_settings& settings, time_point now, actions& out) {
  if (!started_ || shutdown_.over()) return reload_refusal::not_running;
  if (shutdown_.begun()) return reload_refusal::stopping;
  if (rolling()) return reload_refusal::already_rolling;
  newest_ = generation_id{generation_.value + 1};
  rollout_.emplace(settings, generation_, newest_, target_, now);
  tell_rollout(event_kind::rollout_started, newest_,
               "the roll-out of " + name_of(newest_) + " begins, with " + std::to_string(target_) +
                   (target_ == 1 ? " slot" : " slots") + " to replace",
               out);
  advance(now, out);
  return reload_refusal::none;
}

actions fleet::abort_reload(time_point now) {
  actions out;
  if (rollout_ && rollout_->abort()) advance(now, out);
  return out;
}

bool fleet::rolling() const noexcept { return rollout_.has_value(); }

/// What follows from what has just happened, beyond the worker it happened to.
void fleet::advance(time_point now, actions& out) {
  if (stopping()) return;
  settle_hung(now, out);
  finish_restarts(now, out);
  if (rollout_) drive_rollout(now, out);
  if (!stopping()) appoint_missing_heirs(out);
}

void fleet::drive_rollout(time_point now, actions& out) {
  if (!rollout_->broken() || turn_round(now, out)) {
    rollout_->tick(now);
    for (std::size_t slot = 0; slot < rollout_->size(); ++slot) move_slot_on(slot, now, out);
    begin_slots(now, out);
    if (!rollout_->finished()) return;
  }
  const auto replaced = count(replaced_slots());
  conclude(rollout_->report(replaced, now), out);
  finish_if_empty(out);
}

void fleet::move_slot_on(std::size_t slot, time_point now, actions& out) {
  using task = rollout::task;
  const auto successor = rollout_->successor(slot);
  const auto predecessor = rollout_->predecessor(slot);
  for (;;) {
    switch (rollout_->look(slot, is_ready(successor), !find(predecessor), now)) {
      case task::none: return;
      case task::hand_over: {
        auto* worker = find(slots_[slot].worker);
        if (worker && rollout_->way() == rollout::direction::back)
          worker->add_note("the roll-out of its generation went back");
        hand_over(slot, exit_reason::replaced, now, out);
        break;
      }
      case task::complete: {
        event what;
        what.kind = event_kind::slot_replaced;
        what.worker = successor;
        what.slot = slot_id{slot};
        what.generation = rollout_->wanted();
        what.text = "worker " + std::to_string(successor.value) + " has taken over slot " +
                    std::to_string(slot) + " with " + name_of(rollout_->wanted());
        out.emplace_back(publish{std::move(what)});
        break;
      }
    }
  }
}

void fleet::begin_slots(time_point now, actions& out) {
  bool in_turn = true;
  for (std::size_t slot = 0; slot < rollout_->size(); ++slot) {
    if (rollout_->pausing()) return;
    if (rollout_->at(slot) == rollout::progress::pending && !begin_slot(slot, in_turn, now, out))
      in_turn = false;
  }
}

/// A slot whose turn has come, or an empty one while the one whose turn it is has to wait: that may
/// be just for want of workers.
bool fleet::begin_slot(std::size_t slot, bool in_turn, time_point now, actions& out) {
  using share = rollout::share;
  auto& found = slots_[slot];
  const bool empty = found.now != condition::occupied;
  if (found.has_successor() || (!in_turn && !empty)) return false;

  share takes = share::surge;
  if (!rollout_->may_begin(share::surge)) {
    takes = share::unavailable;
    if (!rollout_->may_begin(takes)) return false;
    if (!empty && is_ready(found.worker) && !may_lose_a_ready_one()) return false;
  }
  const auto predecessor = found.worker;
  const auto successor = launch_successor(slot, rollout_->wanted(), now, out);
  rollout_->begin(slot, successor, predecessor, takes);
  if (takes == share::unavailable && !empty)
    let_go(slot, exit_reason::replaced, survivors(*find(predecessor)), now, out);
  return true;
}

/// Slots that have had their turn and now stay empty by the restart policy do not count: nothing
/// that the roll-out could wait for would change that.
bool fleet::may_lose_a_ready_one() const {
  std::size_t left = 0;
  for (std::size_t slot = 0; slot < target_; ++slot) {
    const auto& found = slots_[slot];
    const bool given_up = found.now == condition::resting || found.now == condition::retired;
    if (is_ready(found.worker) ||
        (given_up && !found.has_successor() && rollout_->at(slot) != rollout::progress::pending))
      ++left;
  }
  return left - 1 >= target_ - std::min(target_, rollout_->max_unavailable());
}

/// A worker of the generation that is rolled out ended in bad health after it had got its slot.
/// True if the slot is to go on with the old generation.
bool fleet::fail_rollout(const worker_record& worker, const std::string& words) {
  using progress = rollout::progress;
  const auto slot = worker.slot.value;
  if (!rollout_ || worker.generation != rollout_->wanted()) return false;
  const auto at = rollout_->at(slot);
  if (at != progress::handed_over && at != progress::done) return false;
  rollout_->fail(rollout_stage::handed_over, words);
  if (rollout_->way() == rollout::direction::back) return false;
  slots_[slot].generation = rollout_->from();
  return true;
}

/// A successor ended before it had its slot. Whatever the slot was before, it still is.
void fleet::lose_successor(const worker_record& worker, const std::string& words) {
  const auto slot = worker.slot.value;
  slots_[slot].successor = {};
  if (!rollout_ || !rollout_->busy(slot) || rollout_->successor(slot) != worker.id) return;
  const auto before_ready = worker.forked ? rollout_stage::start : rollout_stage::launch;
  rollout_->fail(worker.ready_at ? rollout_stage::soak : before_ready, words);
}

/// It failed or was aborted. True if it goes back, false if that was all.
bool fleet::turn_round(time_point now, actions& out) {
  const auto replaced = replaced_slots();
  const auto done = count(replaced);
  const bool back = rollout_->goes_back(done);
  const auto report = rollout_->report(done, now);
  auto text = "the roll-out of " + name_of(rollout_->to());
  if (report.how == rollout_report::outcome::aborted) text += " ends: ";
  else text += " failed at " + std::string{in_words(report.stage)} + ": ";
  text += report.reason + "; " + of_slots(done, rollout_->size()) + " had been replaced";
  if (back) text += " and go back to " + name_of(rollout_->from());
  tell_rollout(event_kind::rollout_failed, rollout_->to(), std::move(text), out);

  // Single restarts with the generation that failed are meant as well.
  std::vector<std::size_t> unfinished;
  for (std::size_t slot = 0; slot < target_; ++slot)
    if (const auto* worker = find(slots_[slot].successor); worker && worker->generation == rollout_->wanted())
      unfinished.push_back(slot);
  dismiss(unfinished, exit_reason::replaced, "its roll-out ended before it had its slot", now, out);
  if (back) rollout_->turn_back(replaced);
  return back;
}

void fleet::conclude(const rollout_report& report, actions& out) {
  using outcome = rollout_report::outcome;
  const bool went_back = rollout_->way() == rollout::direction::back && !rollout_->broken();
  const bool new_one_serves = report.how == outcome::completed || count(replaced_slots()) != 0;
  generation_ = new_one_serves ? report.to : report.from;
  if (report.how == outcome::completed)
    tell_rollout(event_kind::rollout_finished, report.to,
                 "the roll-out of " + name_of(report.to) + " is complete, " +
                     of_slots(report.slots_done, report.slots_total) + " replaced",
                 out);
  else if (went_back && rollout_->finished())
    tell_rollout(event_kind::rollout_finished, report.from,
                 "the roll-out of " + name_of(report.to) + " is undone, all slots run " +
                     name_of(report.from) + " again",
                 out);
  out.emplace_back(end_rollout{report});
  rollout_.reset();
}

void fleet::cut_rollout_short(const std::string& why, time_point now, actions& out) {
  if (!rollout_) return;
  const auto report = rollout_->cut_short(count(replaced_slots()), why, now);
  tell_rollout(event_kind::rollout_failed, report.to,
               "the roll-out of " + name_of(report.to) + " ends: " + report.reason, out);
  conclude(report, out);
}

std::vector<bool> fleet::replaced_slots() const {
  std::vector<bool> replaced(target_, false);
  for (std::size_t slot = 0; slot < target_; ++slot)
    replaced[slot] = slots_[slot].generation == rollout_->to();
  return replaced;
}

void fleet::tell_rollout(event_kind kind, generation_id generation, std::string text, actions& out) {
  event what;
  what.kind = kind;
  what.generation = generation;
  what.text = std::move(text);
  out.emplace_back(publish{std::move(what)});
}

}  // namespace cluster::policy
