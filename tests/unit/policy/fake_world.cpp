// SPDX-License-Identifier: BSL-1.0
// What chance does to the fleet.
#include "fake_world.hpp"

#include <csignal>
#include <vector>

namespace cluster::policy::test {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

fake_world::fake_world(std::uint64_t seed)
    : random_{seed}, settings_{random_settings()}, fleet_{settings_}, now_{1h} {}

fleet_settings fake_world::random_settings() {
  const auto span = [this](std::initializer_list<int> from) {
    return milliseconds{*(from.begin() + chance(from.size()))};
  };
  fleet_settings settings;
  settings.workers = chance(6);
  settings.ready_timeout = span({50, 1000});
  settings.drain_timeout = span({0, 30, 500});
  settings.kill_timeout = span({1, 40});
  settings.seed = random_();
  auto& restart = settings.restart;
  restart.initial_delay = span({0, 1, 50});
  restart.max_delay = span({50, 200});
  restart.jitter = static_cast<double>(chance(3)) / 2;
  restart.min_uptime = span({0, 20, 400});
  restart.max_failures = chance(5);
  restart.max_failures_cluster = chance(3) == 0 ? 1 + chance(8) : 0;
  restart.window = span({10, 300, 5000});
  restart.rest = span({0, 5, 300});
  if (chance(3) == 0) restart.no_restart_codes = {static_cast<int>(chance(3))};
  return settings;
}

void fake_world::run() {
  if (chance(8) == 0) stop_or_scale();
  doing_ = "start";
  account(fleet_.start(now_));
  const auto steps = 20 + chance(150);
  for (std::size_t step = 0; step < steps; ++step) live_one_step();
  die_down();
  // Whatever comes after the finish is ignored.
  for (int late = 0; late < 20; ++late) say_nonsense();
  account(fleet_.start(now_));
  account(fleet_.scale(3, now_));
  account(fleet_.stop(stop_mode::fast, now_));
  account(fleet_.tick(now_ + 1h));
  require(!fleet_.next_deadline(), "a finished fleet has no deadline");
}

void fake_world::live_one_step() {
  const auto dice = chance(100);
  if (dice < 20) return answer_a_launch(chance(6) != 0);
  if (dice < 50) return say_something();
  if (dice < 60) return say_nonsense();
  if (dice < 72) return end_a_process();
  if (dice < 95) return pass_time();
  if (dice < 99 || chance(3) != 0) return stop_or_scale();
}

std::optional<worker_id> fake_world::pick(bool (*fits)(const process&)) {
  std::vector<worker_id> all;
  for (const auto& [id, one] : processes_)
    if (fits(one)) all.push_back(id);
  if (all.empty()) return std::nullopt;
  return all[chance(all.size())];
}

void fake_world::answer_a_launch(bool well) {
  const auto id = pick([](const process& one) { return !one.answered; });
  if (!id) return;
  doing_ = (well ? "launched " : "launch_failed ") + std::to_string(id->value);
  auto& one = processes_.at(*id);
  one.answered = true;
  one.failed = !well;
  account(well ? fleet_.launched(*id, now_) : fleet_.launch_failed(*id, "no luck", now_));
}

/// What a worker may well say next.
void fake_world::say_something() {
  const auto id = pick([](const process& one) { return one.alive() && !one.closed; });
  if (!id) return;
  auto& one = processes_.at(*id);
  const auto dice = chance(20);
  doing_ = "word of " + std::to_string(id->value) + ", dice " + std::to_string(dice);
  if (dice == 0) {
    one.said_draining = true;
    return account(fleet_.draining(*id, now_));
  }
  if (dice < 3) {
    one.closed = true;
    const auto how = dice == 1 ? channel_end::closed : channel_end::broken_protocol;
    return account(fleet_.channel_ended(*id, how, now_));
  }
  if (one.drain || one.said_draining) return account(fleet_.done(*id, now_));
  account(fleet_.hello(*id, now_));
  if (dice > 6) account(fleet_.ready(*id, now_));
}

/// Late, repeated, out of turn, of nobody: all that must do no harm.
void fake_world::say_nonsense() {
  const worker_id id{chance(last_id_ + 3)};
  const auto dice = chance(9);
  doing_ = "nonsense " + std::to_string(dice) + " of " + std::to_string(id.value);
  const auto found = processes_.find(id);
  const bool known = found != processes_.end();
  const bool answered = known && found->second.answered;
  const bool alive = known && found->second.alive();
  switch (dice) {
    case 0: return account(fleet_.hello(id, now_));
    case 1: return account(fleet_.ready(id, now_));
    case 2: return account(fleet_.done(id, now_));
    case 3:
      if (alive) found->second.said_draining = true;
      return account(fleet_.draining(id, now_));
    case 4:
      if (alive) found->second.closed = true;
      return account(fleet_.channel_ended(id, channel_end::closed, now_));
    case 5:
      if (alive) found->second.closed = true;
      return account(fleet_.channel_ended(id, channel_end::broken_protocol, now_));
    case 6:
      if (!known || answered) account(fleet_.launched(id, now_));
      return;
    case 7:
      if (!known || answered) account(fleet_.launch_failed(id, "nonsense", now_));
      return;
    default:
      if (!alive) account(fleet_.exited(id, {}, now_));
      return;
  }
}

void fake_world::end_a_process() {
  const auto id = pick([](const process& one) { return one.alive(); });
  if (!id) return;
  auto& one = processes_.at(*id);
  exit_status status;
  const auto dice = chance(8);
  if (one.kill && dice != 0) {
    status.how = exit_status::kind::signalled;
    status.signal = SIGKILL;
  } else if (dice < 3) {
    status.how = exit_status::kind::signalled;
    status.signal = dice == 0 ? SIGSEGV : dice == 1 ? SIGTERM : SIGKILL;
  } else if (dice < 7) {
    status.how = exit_status::kind::exited;
    status.code = static_cast<int>(chance(4));
  }
  one.exited = true;
  one.status = status;
  doing_ = "exit of " + std::to_string(id->value);
  account(fleet_.exited(*id, status, now_));
  require(one.told == 6, "an exit is told at once");
}

void fake_world::pass_time() {
  const auto next = fleet_.next_deadline();
  doing_ = "time";
  switch (chance(4)) {
    case 0:  // before anything is due
      if (next && *next > now_) now_ += (*next - now_) / 2;
      if (!next || *next > now_) require(fleet_.tick(now_).empty(), "an early tick does nothing");
      return;
    case 1: now_ += milliseconds{chance(600)}; break;  // late, or much later
    default:
      if (next && *next > now_) now_ = *next;
  }
  account(fleet_.tick(now_));
  const auto left = fleet_.next_deadline();
  require(!left || *left > now_, "after a tick nothing is due");
}

void fake_world::stop_or_scale() {
  if (chance(8) == 0) {
    doing_ = "stop";
    stop_called_ = true;
    return account(fleet_.stop(chance(2) == 0 ? stop_mode::graceful : stop_mode::fast, now_));
  }
  const auto workers = chance(7);
  doing_ = "scale to " + std::to_string(workers);
  if (!stopping_ && !finished_ && workers < fleet_.target()) scaled_down_ = true;
  account(fleet_.scale(workers, now_));
}

/// Stops and lets time pass; processes leave only when they are killed. That must be enough.
void fake_world::die_down() {
  doing_ = "stop at the end";
  stop_called_ = true;
  if (!finished_) account(fleet_.stop(chance(2) == 0 ? stop_mode::graceful : stop_mode::fast, now_));
  for (int step = 0; step < 1000 && !finished_; ++step) {
    answer_a_launch(true);
    if (chance(3) == 0) say_nonsense();
    doing_ = "the last ticks";
    if (const auto next = fleet_.next_deadline()) {
      if (*next > now_) now_ = *next;
      account(fleet_.tick(now_));
    }
    for (auto& [id, one] : processes_) {
      if (!one.alive() || !one.kill) continue;
      one.exited = true;
      one.status.how = exit_status::kind::signalled;
      one.status.signal = SIGKILL;
      account(fleet_.exited(id, one.status, now_));
    }
  }
  require(finished_, "after a stop everything ends");
}

}  // namespace cluster::policy::test
