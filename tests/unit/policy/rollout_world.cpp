// SPDX-License-Identifier: BSL-1.0
// What chance does to roll-outs.
#include "rollout_world.hpp"

#include <csignal>

namespace cluster::policy::test {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

rollout_world::rollout_world(std::uint64_t seed)
    : random_{seed},
      mishaps_{static_cast<mishap>(chance(3))},
      settings_{random_settings()},
      fleet_{settings_},
      now_{1h} {}

fleet_settings rollout_world::random_settings() {
  fleet_settings settings;
  settings.workers = 1 + chance(5);
  settings.ready_timeout = 1s;
  settings.drain_timeout = milliseconds{chance(3) * 200};
  settings.kill_timeout = 50ms;
  settings.seed = random_();
  auto& restart = settings.restart;
  restart.initial_delay = milliseconds{chance(2) * 20};
  restart.max_delay = 100ms;
  restart.min_uptime = milliseconds{chance(3) * 50};
  restart.max_failures = 2 + chance(6);
  restart.window = 5s;
  restart.rest = milliseconds{chance(3) * 100};
  if (chance(3) == 0) restart.no_restart_codes = {9};
  return settings;
}

void rollout_world::run() {
  doing_ = "start";
  account(fleet_.start(now_));
  if (chance(4) != 0) settle();
  const auto steps = 50 + chance(250);
  for (std::size_t step = 0; step < steps && !finished_; ++step) live_one_step();
  if (chance(4) != 0) {
    settle();
    check_at_rest();
  }
  die_down();
}

void rollout_world::live_one_step() {
  const auto dice = chance(200);
  if (dice < 30) {
    if (const auto id = pick([](const process& one) { return !one.answered; })) answer(*id, true);
  } else if (dice < 100) {
    if (const auto id = pick([](const process& one) { return one.alive(); })) progress(*id);
  } else if (dice < 115) {
    say_nonsense();
  } else if (dice < 130) {
    if (const auto id = pick([](const process& one) { return !one.gone; })) spoil(*id);
  } else if (dice < 175) {
    pass_time();
  } else if (dice < 194) {
    reload();
  } else if (dice < 197) {
    restart();
  } else if (dice == 197) {
    doing_ = "abort";
    if (roll_) roll_->aborted = true;
    account(fleet_.abort_reload(now_));
  } else if (dice == 198) {
    doing_ = "scale";
    if (roll_) require(fleet_.scale(1 + chance(6), now_).empty(), "no scaling under a roll-out");
    else scale(1 + chance(6));
  } else if (chance(4) == 0) {
    doing_ = "stop";
    account(fleet_.stop(chance(2) == 0 ? stop_mode::graceful : stop_mode::fast, now_));
  }
}

std::optional<worker_id> rollout_world::pick(bool (*fits)(const process&)) {
  std::vector<worker_id> all;
  for (const auto& [id, one] : processes_)
    if (fits(one)) all.push_back(id);
  if (all.empty()) return std::nullopt;
  return all[chance(all.size())];
}

void rollout_world::answer(worker_id id, bool well) {
  doing_ = (well ? "launched " : "launch_failed ") + std::to_string(id.value);
  auto& one = processes_.at(id);
  one.answered = true;
  one.gone = !well;
  account(well ? fleet_.launched(id, now_) : fleet_.launch_failed(id, "no luck", now_));
}

bool rollout_world::present(worker_id id) const {
  const auto found = processes_.find(id);
  return found != processes_.end() && !found->second.gone;
}

/// The next thing that a well-behaved worker does.
void rollout_world::progress(worker_id id) {
  auto& one = processes_.at(id);
  if (!one.answered) return answer(id, true);
  doing_ = "progress of " + std::to_string(id.value);
  if (one.term || one.kill || one.said_done) return end(id);
  if (one.closed) return;
  if (one.drain || one.said_draining) {
    one.said_done = true;
    return account(fleet_.done(id, now_));
  }
  if (!one.greeted) {
    one.greeted = true;
    return account(fleet_.hello(id, now_));
  }
  account(fleet_.ready(id, now_));
}

bool rollout_world::may_spoil(const process& one) const {
  switch (mishaps_) {
    case mishap::none: return false;
    // The one that is on probation: the newest of its slot, of what is rolled out.
    case mishap::successors: return roll_ && one.generation == newest_ && newest_ != roll_->from;
    case mishap::any: return true;
  }
  return false;
}

/// From here on the slot may be empty for a reason that is none of the roll-out's.
void rollout_world::hurt(const process& one) {
  if (roll_) roll_->hurt.insert(one.slot);
}

void rollout_world::spoil(worker_id id) {
  auto& one = processes_.at(id);
  if (!may_spoil(one)) return;
  hurt(one);
  if (!one.answered) return answer(id, false);
  doing_ = "trouble of " + std::to_string(id.value);
  switch (chance(4)) {
    case 0: one.said_draining = true; return account(fleet_.draining(id, now_));
    case 1:
      one.closed = true;
      return account(fleet_.channel_ended(
          id, chance(2) == 0 ? channel_end::closed : channel_end::broken_protocol, now_));
    default: return end(id);
  }
}

void rollout_world::end(worker_id id) {
  auto& one = processes_.at(id);
  hurt(one);
  exit_status status;
  if (one.kill || (one.term && chance(2) == 0)) {
    status.how = exit_status::kind::signalled;
    status.signal = one.kill ? SIGKILL : SIGTERM;
  } else {
    status.how = exit_status::kind::exited;
    status.code = one.drain ? 0 : chance(4) == 0 ? 9 : 1;
  }
  one.gone = true;
  account(fleet_.exited(id, status, now_));
}

/// Late, repeated, of nobody. What would be a mishap is said of the gone only.
void rollout_world::say_nonsense() {
  const worker_id id{chance(last_id_ + 3)};
  const auto found = processes_.find(id);
  const bool gone = found == processes_.end() || found->second.gone;
  doing_ = "nonsense of " + std::to_string(id.value);
  switch (chance(8)) {
    case 0: return account(fleet_.tick(now_ - 1ms));
    case 1:
      if (found != processes_.end() && found->second.alive()) found->second.greeted = true;
      return account(fleet_.hello(id, now_));
    case 2: return account(fleet_.ready(id, now_));
    case 3:
      if (gone || found->second.drain) account(fleet_.draining(id, now_));
      return;
    case 4:
      if (gone) account(fleet_.channel_ended(id, channel_end::closed, now_));
      return;
    case 5:
      if (gone || found->second.answered) account(fleet_.launched(id, now_));
      return;
    case 6:
      if (gone || found->second.answered) account(fleet_.launch_failed(id, "nonsense", now_));
      return;
    default:
      if (gone) account(fleet_.exited(id, {}, now_));
      return;
  }
}

/// A worker that is not ready in time would be a mishap.
void rollout_world::become_ready() {
  std::vector<worker_id> slow;
  for (const auto& [id, one] : processes_)
    if (!one.gone && !one.told_ready && !one.leaving()) slow.push_back(id);
  for (const auto id : slow)
    for (int step = 0; step < 3 && present(id); ++step) progress(id);
}

void rollout_world::pass_time() {
  if (mishaps_ != mishap::any) become_ready();
  doing_ = "time";
  if (chance(2) == 0) return wait_for_next_deadline();
  now_ += milliseconds{chance(80)};
  account(fleet_.tick(now_));
}

void rollout_world::wait_for_next_deadline() {
  const auto next = fleet_.next_deadline();
  if (next && *next > now_) {
    now_ = *next - 1ns;
    require(fleet_.tick(now_).empty(), "an early tick does nothing");
    now_ = *next;
  }
  account(fleet_.tick(now_));
  const auto left = fleet_.next_deadline();
  require(!left || *left > now_, "after a tick nothing is due");
}

void rollout_world::reload() {
  doing_ = "reload";
  roll fresh;
  fresh.settings.max_surge = chance(4);
  fresh.settings.max_unavailable = chance(3) == 0 ? chance(3) : 0;
  fresh.settings.pause = milliseconds{chance(2) * 30};
  fresh.settings.soak = milliseconds{chance(2) * 40};
  fresh.settings.rollback = chance(4) != 0;
  fresh.from = fleet_.generation();
  for (const auto& [id, one] : processes_)
    if (one.serving()) fresh.served_before.insert(id);
  for (std::size_t slot = 0; slot < fleet_.target(); ++slot)
    if (!covered(slot_id{slot})) fresh.hurt.insert(slot_id{slot});
  const bool free = !roll_ && !stopping_;
  if (free) {
    newest_ = generation_id{fresh.from.value + 1};
    roll_ = fresh;
  }
  actions out;
  const auto answer = fleet_.reload(fresh.settings, now_, out);
  require((answer == reload_refusal::none) == free, "one roll-out at a time, and not in a stop");
  require(free || out.empty(), "a refused reload does nothing");
  account(out);
}

void rollout_world::scale(std::size_t workers) {
  if (workers < fleet_.target())
    for (auto& [id, one] : processes_) one.doubtful = one.doubtful || !one.answered;
  account(fleet_.scale(workers, now_));
}

void rollout_world::restart() {
  const auto id = pick([](const process& one) { return one.alive(); });
  if (!id) return;
  doing_ = "restart of " + std::to_string(id->value);
  restarting_ = true;
  account(fleet_.restart_worker(*id, now_));
  restarting_ = false;
}

/// Everybody behaves from now on, and time passes until nothing moves any more.
void rollout_world::settle() {
  for (int round = 0; round < 400 && !finished_; ++round) {
    std::vector<worker_id> busy;
    for (const auto& [id, one] : processes_)
      if (!one.gone && (!one.told_ready || one.leaving() || one.said_draining)) busy.push_back(id);
    for (const auto id : busy)
      if (present(id)) progress(id);
    become_ready();
    doing_ = "settling";
    if (fleet_.next_deadline()) wait_for_next_deadline();
    else if (busy.empty()) return;
  }
  require(finished_, "with nothing going wrong everything comes to rest");
}

void rollout_world::die_down() {
  doing_ = "stop at the end";
  if (!finished_) account(fleet_.stop(stop_mode::graceful, now_));
  settle();
  require(finished_, "after a stop everything ends");
  require(!fleet_.next_deadline(), "a finished fleet has no deadline");
  require(fleet_.abort_reload(now_).empty(), "there is nothing to abort after the end");
}

}  // namespace cluster::policy::test
