// SPDX-License-Identifier: BSL-1.0
// The rules that hold whatever happens to the fleet.
#include "fake_world.hpp"

#include <algorithm>

namespace cluster::policy::test {
namespace {

/// The place of an event in the life of a worker; zero for all others.
int rank(event_kind kind) {
  const event_kind order[] = {event_kind::forked,   event_kind::online,       event_kind::ready,
                              event_kind::draining, event_kind::disconnected, event_kind::exited};
  const auto* found = std::find(std::begin(order), std::end(order), kind);
  return found == std::end(order) ? 0 : static_cast<int>(found - std::begin(order)) + 1;
}

}  // namespace

bool fake_world::process::ready() const { return present() && told == rank(event_kind::ready); }

void fake_world::require(bool holds, const char* what) {
  ++checks_;
  if (!holds) throw broken_rule{what};
}

void fake_world::account(const actions& list) {
  if (finished_) require(list.empty(), "finish is the last action of all");
  for (const auto& one : list) {
    require(!finished_, "nothing follows finish");
    std::visit([this](const auto& what) { account_for(what); }, one);
  }
  check_counts();
  check_slots();
}

fake_world::process& fake_world::alive_one(worker_id id, const char* what) {
  const auto found = processes_.find(id);
  require(found != processes_.end() && found->second.alive(), what);
  return found->second;
}

void fake_world::account_for(const launch_worker& what) {
  require(what.id.value == last_id_ + 1, "ids count up and are never reused");
  last_id_ = what.id.value;
  require(!stop_called_ && !stopping_, "no launch after a stop");
  require(what.slot.value < fleet_.target(), "only wanted slots are filled");
  require(what.generation == fleet_.generation(), "launches are of the current generation");
  for (const auto& [id, one] : processes_)
    require(!one.present() || one.slot != what.slot, "one worker in a slot");
  process born;
  born.slot = what.slot;
  processes_.emplace(what.id, born);
  explained_.erase(what.slot);
}

void fake_world::account_for(const drain_worker& what) {
  auto& one = alive_one(what.id, "only the living drain");
  require(!one.drain && !one.term && !one.kill, "DRAIN once, and before signals");
  require(!one.closed, "DRAIN needs a channel");
  require(what.hard_deadline == now_ + settings_.drain_timeout, "DRAIN carries its deadline");
  one.drain = true;
}

void fake_world::account_for(const terminate_worker& what) {
  auto& one = alive_one(what.id, "only the living get TERM");
  require(!one.term && !one.kill, "TERM once, and before KILL");
  one.term = true;
}

void fake_world::account_for(const abort_worker&) { require(false, "no worker hangs here"); }

void fake_world::account_for(const kill_worker& what) {
  auto& one = alive_one(what.id, "only the living get KILL");
  require(!one.kill, "KILL once");
  one.kill = true;
}

void fake_world::account_for(const publish& what) {
  const event& told = what.what;
  require(!told.text.empty() && told.text.find('\n') == std::string::npos, "one line of text");
  require(!stopped_, "stopped is the last event");
  if (rank(told.kind) != 0 || told.kind == event_kind::launch_failed) {
    const auto found = processes_.find(told.worker);
    require(found != processes_.end(), "events are about known workers");
    require(found->second.slot == told.slot, "an event names the worker's slot");
    return account_for_worker(told, found->second);
  }
  require(told.worker.value == 0, "other events name no worker");
  if (told.kind == event_kind::stopping) {
    require(!stopping_, "stopping is told once");
    stopping_ = true;
  } else if (told.kind == event_kind::stopped) {
    stopped_ = true;
  } else {
    require(!stopping_, "while stopping no slot waits, rests or retires");
    require(told.slot.value < fleet_.target(), "only wanted slots wait, rest or retire");
    explained_.insert(told.slot);
  }
}

void fake_world::account_for_worker(const event& told, process& one) {
  require(one.answered, "no event before the launch is answered");
  if (told.kind == event_kind::launch_failed)
    return require(one.failed && one.told == 0, "launch_failed stands alone");
  require(!one.failed, "a launch that failed has no life");
  require(rank(told.kind) > one.told, "events come in order, each at most once");
  require(one.told != 0 || told.kind == event_kind::forked, "forked comes first");
  if (told.kind == event_kind::exited) account_for_exit(told, one);
  one.told = rank(told.kind);
  if (told.kind == event_kind::ready) one.was_ready = true;
}

void fake_world::account_for_exit(const event& told, process& one) {
  require(one.exited, "exited only of who exited");
  require(told.status == one.status, "the exit status is the kernel's");
  require(one.told == rank(event_kind::disconnected), "disconnected comes before exited");
  switch (told.reason) {
    case exit_reason::requested: {
      const bool clean = one.status.how == exit_status::kind::exited && one.status.code == 0;
      return require(stopping_ || (one.was_ready && clean), "requested only by a stop or with exit code 0");
    }
    case exit_reason::scaled_down: return require(scaled_down_, "scaled_down only by a scale");
    case exit_reason::failed_to_start: return require(!one.was_ready, "failed_to_start only without ready");
    case exit_reason::crashed: return require(one.was_ready, "crashed only after ready");
    case exit_reason::signalled:
      return require(one.status.how == exit_status::kind::signalled, "signalled only by signal");
    case exit_reason::replaced:
    case exit_reason::recycled:
    case exit_reason::hung:
    case exit_reason::orphaned: break;
  }
  require(false, "a reason that nothing here leads to");
}

void fake_world::account_for(const finish& what) {
  require(stopped_, "finish follows stopped");
  require(fleet_.alive_count() == 0, "nobody is alive at finish");
  for (const auto& [id, one] : processes_) require(!one.present(), "nobody is left at finish");
  require(what.reason.empty() == (what.how == finish::outcome::clean), "a failure has a reason");
  if (what.how == finish::outcome::failed) require(!stopping_, "failed only by retirement");
  finished_ = true;
}

void fake_world::check_counts() {
  std::size_t alive = 0;
  std::size_t ready = 0;
  for (const auto& [id, one] : processes_) {
    if (one.alive()) ++alive;
    if (one.ready()) ++ready;
    if (!one.alive()) continue;
    const bool leaving = one.drain || one.term || one.kill || one.said_draining;
    require(one.slot.value < fleet_.target() || leaving, "more than wanted only if they leave");
    require(!stopping_ || leaving, "a stop asks everybody");
  }
  require(fleet_.alive_count() == alive, "alive_count counts processes");
  require(fleet_.ready_count() == ready, "ready_count counts who said so and has not left");
  const auto view = fleet_.view();
  require(view.size() == alive, "the view shows the living");
  for (const auto& one : view)
    require((one.state == worker_state::ready) == processes_.at(one.id).ready(),
            "the view shows who is ready");
}

/// A wanted slot is filled, or an event said why not, or its next worker is due at once.
void fake_world::check_slots() {
  if (stopping_ || finished_ || last_id_ == 0) return;
  std::set<slot_id> filled;
  for (const auto& [id, one] : processes_)
    if (one.present()) filled.insert(one.slot);
  for (std::size_t slot = 0; slot < fleet_.target(); ++slot) {
    const slot_id id{slot};
    require(filled.count(id) != 0 || explained_.count(id) != 0 || fleet_.next_deadline() == now_ ||
                (fleet_.next_deadline() && *fleet_.next_deadline() < now_),
            "no slot is forgotten");
  }
}

}  // namespace cluster::policy::test
