// SPDX-License-Identifier: BSL-1.0
// What roll-outs promise, whatever happens.
#include "rollout_world.hpp"

#include <algorithm>

namespace cluster::policy::test {

using outcome = rollout_report::outcome;

void rollout_world::require(bool holds, const char* what) {
  ++checks_;
  if (!holds) throw broken_rule{what};
}

void rollout_world::account(const actions& list) {
  for (const auto& one : list) {
    require(!finished_, "nothing follows finish");
    std::visit([this](const auto& what) { account_for(what); }, one);
    // Between two actions the driver may take its time.
    if (!std::holds_alternative<publish>(one)) check_floor();
  }
  check_floor();
  check_surge();
  require(fleet_.rolling() == roll_.has_value(), "a roll-out ends with its report");
  check_drains();
  const auto ready = std::count_if(processes_.begin(), processes_.end(),
                                   [](const auto& entry) { return entry.second.serving(); });
  require(fleet_.ready_count() == static_cast<std::size_t>(ready), "ready_count counts");
  // A roll-out asks about those who were there when it began.
  if (!roll_) std::erase_if(processes_, [](const auto& entry) { return entry.second.gone; });
}

bool rollout_world::serving(worker_id id) const {
  const auto found = processes_.find(id);
  return found != processes_.end() && found->second.serving();
}

rollout_world::process& rollout_world::alive_one(worker_id id) {
  const auto found = processes_.find(id);
  require(found != processes_.end() && found->second.alive(), "orders are for the living");
  return found->second;
}

bool rollout_world::covered(slot_id slot) const {
  return std::any_of(processes_.begin(), processes_.end(), [slot](const auto& entry) {
    return entry.second.slot == slot && entry.second.serving();
  });
}

void rollout_world::account_for(const launch_worker& what) {
  require(what.id.value == last_id_ + 1, "ids count up and are never reused");
  last_id_ = what.id.value;
  require(!stopping_, "no launch after a stop");
  require(what.slot.value < fleet_.target(), "only wanted slots are filled");
  require(what.generation <= newest_, "no generation without a reload");
  require(what.last_good == (what.generation < newest_), "older generations are the last good one");
  if (!roll_ && !mixed_)
    require(what.generation == fleet_.generation(), "outside of roll-outs one generation serves");
  process born;
  born.slot = what.slot;
  born.generation = what.generation;
  born.by_restart = restarting_;
  processes_.emplace(what.id, born);
  // A successor that comes to nothing leaves a slot that was given up as it was.
  if (!roll_ && !restarting_) given_up_.erase(what.slot);
}

void rollout_world::account_for(const drain_worker& what) {
  auto& one = alive_one(what.id);
  require(!one.drain && !one.term && !one.kill, "DRAIN once, and before signals");
  require(what.hard_deadline == now_ + settings_.drain_timeout, "DRAIN carries its deadline");
  one.drain = true;
  one.drained_for = what.reason;
  if (what.reason == exit_reason::requested) {
    require(stopping_ && what.heirs.empty(), "a stop leaves no heirs");
    return require(what.soft_deadline == now_, "a stop announces the end at once");
  }
  require(!stopping_, "in a stop everybody is asked to");
  const auto half = settings_.drain_timeout / 2;
  require(what.soft_deadline == now_ + half, "the end is announced half-way");
  check_heirs_of(what.id, what.heirs);
  one.heirs = what.heirs;
  if (what.reason == exit_reason::scaled_down) return require(!roll_, "no scaling in a roll-out");
  if (what.reason == exit_reason::recycled)
    return require(covered(one.slot), "a single restart leaves its slot served");
  require(what.reason == exit_reason::replaced, "no other reason");
  require(roll_.has_value(), "replaced only in a roll-out");
  if (one.told_ready && !covered(one.slot) && !roll_->failed) check_early(one);
}

/// Somebody was let go before its successor was ready. Slots that are empty for any reason count,
/// except those that stay so.
void rollout_world::check_early(const process& one) {
  roll_->early = true;
  std::size_t empty = 0;
  for (std::size_t slot = 0; slot < fleet_.target(); ++slot)
    if (!covered(slot_id{slot}) && given_up_.count(slot_id{slot}) == 0) ++empty;
  require(!covered(one.slot) && empty <= roll_->settings.max_unavailable,
          "nobody is let go early while too few serve");
}

void rollout_world::account_for(const appoint_heirs& what) {
  auto& one = alive_one(what.from);
  require(one.told_draining && !one.term && !one.kill, "heirs are for those who drain");
  require(!stopping_, "a stop leaves no heirs");
  require(!what.heirs.empty(), "an appointment names somebody");
  for (const auto id : one.heirs) require(!serving(id), "who has an heir needs no other");
  check_heirs_of(what.from, what.heirs);
  one.heirs = what.heirs;
}

void rollout_world::check_heirs_of(worker_id from, const std::vector<worker_id>& heirs) {
  require(std::is_sorted(heirs.begin(), heirs.end()), "each heir is named once");
  for (const auto id : heirs) {
    require(id != from, "nobody is one's own heir");
    require(alive_one(id).serving(), "heirs are ready");
  }
}

void rollout_world::account_for(const terminate_worker& what) {
  auto& one = alive_one(what.id);
  require(!one.term && !one.kill, "TERM once, and before KILL");
  one.term = true;
}

void rollout_world::account_for(const abort_worker&) { require(false, "no worker hangs here"); }

void rollout_world::account_for(const kill_worker& what) {
  auto& one = alive_one(what.id);
  require(!one.kill, "KILL once");
  one.kill = true;
  hurt(one);
}

void rollout_world::account_for(const publish& what) {
  const event& told = what.what;
  require(!told.text.empty() && told.text.find('\n') == std::string::npos, "one line of text");
  switch (told.kind) {
    case event_kind::ready: processes_.at(told.worker).told_ready = true; return;
    case event_kind::draining: processes_.at(told.worker).told_draining = true; return;
    case event_kind::disconnected: processes_.at(told.worker).told_closed = true; return;
    case event_kind::resting:
    case event_kind::retired: given_up_.insert(told.slot); return;
    case event_kind::stopping: stopping_ = true; return;
    case event_kind::rollout_started:
      return require(roll_ && roll_->replaced == 0 && told.generation == newest_, "it starts once");
    case event_kind::slot_replaced:
      require(roll_ && processes_.at(told.worker).slot == told.slot, "a worker of that slot");
      require(processes_.at(told.worker).generation == told.generation, "and of that generation");
      if (told.generation == newest_) ++roll_->replaced;
      // It may have retired while its predecessor was still draining.
      if (covered(told.slot)) given_up_.erase(told.slot);
      return;
    case event_kind::rollout_failed:
      require(roll_.has_value(), "only a roll-out fails");
      roll_->failed = true;
      for (auto& [id, one] : processes_) one.doubtful = one.doubtful || !one.answered;
      return;
    case event_kind::rollout_finished: return require(roll_.has_value(), "only a roll-out finishes");
    case event_kind::exited:
      if (told.reason == exit_reason::recycled)
        require(processes_.at(told.worker).drain, "recycled only by a single restart");
      return;
    case event_kind::forked:
    case event_kind::online:
    case event_kind::listening:
    case event_kind::launch_failed:
    case event_kind::restart_delayed:
    case event_kind::adopted:
    case event_kind::unresponsive:
    case event_kind::hung:
    case event_kind::recovered:
    case event_kind::recycling:
    case event_kind::handler_failed:
    case event_kind::stopped: return;
  }
}

void rollout_world::account_for(const end_rollout& what) {
  require(roll_.has_value(), "one report for each roll-out");
  const auto& report = what.report;
  ++outcomes_[report.how];
  require(report.from == roll_->from && report.to == newest_, "the report names the generations");
  require(report.slots_total == fleet_.target(), "the report counts the slots");
  require(report.slots_done <= report.slots_total, "no more done than there are");
  require(report.reason.empty() == (report.how == outcome::completed), "a failure has a reason");
  require(roll_->failed == (report.how != outcome::completed), "a failure has its event");
  switch (report.how) {
    case outcome::completed:
      require(roll_->replaced == report.slots_total && report.slots_done == report.slots_total,
              "a complete roll-out has replaced all slots");
      mixed_ = false;
      break;
    case outcome::failed:
      require(mishaps_ != mishap::none, "without a mishap nothing fails");
      mixed_ = mixed_ || report.slots_done != 0;
      if (report.slots_done == 0) check_untouched(report);
      break;
    case outcome::rolled_back:
      require(mishaps_ != mishap::none, "without a mishap nothing goes back");
      require(roll_->settings.rollback, "no going back unless wanted");
      require(report.slots_done != 0, "there was something to go back from");
      break;
    case outcome::aborted:
      require(roll_->aborted || fleet_.stopping(), "aborted on request, or by a stop");
      break;
  }
  roll_.reset();
}

/// The first successors failed: those who served before still do, unless chance or somebody's
/// restart took them away.
void rollout_world::check_untouched(const rollout_report& report) {
  if (roll_->early || report.stage == rollout_stage::handed_over) return;
  for (const auto id : roll_->served_before) {
    const auto& one = processes_.at(id);
    const bool restarted = one.drained_for == exit_reason::recycled;
    require(one.serving() || restarted || roll_->hurt.count(one.slot) != 0,
            "a roll-out that replaced nothing touched nobody");
  }
}

void rollout_world::account_for(const finish&) {
  require(!roll_, "no roll-out outlives the fleet");
  finished_ = true;
}

/// Slots that nobody serves are those that chance emptied, and as many as were allowed.
void rollout_world::check_floor() {
  if (!roll_ || stopping_ || fleet_.stopping()) return;
  std::vector<bool> fine(fleet_.target(), false);
  for (const auto slot : roll_->hurt)
    if (slot.value < fine.size()) fine[slot.value] = true;
  for (const auto& [id, one] : processes_)
    if (one.serving() && one.slot.value < fine.size()) fine[one.slot.value] = true;
  const auto empty = static_cast<std::size_t>(std::count(fine.begin(), fine.end(), false));
  require(empty <= roll_->settings.max_unavailable, "never fewer ready than allowed");
}

void rollout_world::check_surge() {
  if (stopping_ || fleet_.stopping() || !roll_ || roll_->failed) return;
  std::map<slot_id, std::size_t> staying;
  std::size_t restarts = 0;
  for (auto entry = processes_.rbegin(); entry != processes_.rend(); ++entry) {
    const auto& one = entry->second;
    if (one.gone || one.leaving() || one.said_draining || one.closed) continue;
    // A launch that is not wanted any more is ended as soon as it is answered, not before.
    if (!one.answered && (one.doubtful || staying.count(one.slot) != 0)) continue;
    ++staying[one.slot];
    if (one.by_restart) ++restarts;
  }
  std::size_t surplus = 0;
  for (const auto& [slot, count] : staying) {
    require(count <= 2, "a worker and its successor, nobody else");
    surplus += count - 1;
  }
  const auto& allowed = roll_->settings;
  const auto surge =
      std::max<std::size_t>(allowed.max_surge, allowed.max_surge + allowed.max_unavailable == 0 ? 1 : 0);
  require(surplus <= surge + restarts, "no more than the surge");
}

/// Nobody drains without an heir while there is one.
void rollout_world::check_drains() {
  if (stopping_ || fleet_.stopping()) return;
  for (const auto& [id, one] : processes_) {
    if (!one.alive() || !one.told_draining || one.said_done || one.term || one.kill || one.told_closed)
      continue;
    ++checks_;
    const bool has_heir =
        std::any_of(one.heirs.begin(), one.heirs.end(), [this](worker_id heir) { return serving(heir); });
    if (has_heir) continue;
    const bool somebody = std::any_of(processes_.begin(), processes_.end(), [this](const auto& entry) {
      return entry.second.serving() && entry.second.slot.value < fleet_.target();
    });
    require(!somebody, "every drain has an heir as soon as there is one");
  }
}

void rollout_world::check_at_rest() {
  if (finished_ || fleet_.stopping()) return;
  require(!roll_, "at rest no roll-out runs");
  require(!fleet_.next_deadline(), "at rest there is no deadline");
  for (std::size_t slot = 0; slot < fleet_.target(); ++slot) {
    std::size_t serving = 0;
    for (const auto& [id, one] : processes_) {
      if (one.gone || one.slot.value != slot) continue;
      require(one.serving(), "at rest everybody serves");
      if (!mixed_) require(one.generation == fleet_.generation(), "and is of one generation");
      ++serving;
    }
    require(serving == 1 || (serving == 0 && given_up_.count(slot_id{slot}) != 0),
            "at rest each slot has one worker, or an event said why not");
  }
}

}  // namespace cluster::policy::test
