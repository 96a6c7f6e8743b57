// SPDX-License-Identifier: BSL-1.0
#include "scene.hpp"

#include "support/catch.hpp"

namespace cluster::policy::test {

using namespace std::chrono_literals;

exit_status exit_code(int code) {
  exit_status status;
  status.how = exit_status::kind::exited;
  status.code = code;
  return status;
}

exit_status death(int signal) {
  exit_status status;
  status.how = exit_status::kind::signalled;
  status.signal = signal;
  return status;
}

fleet_settings calm(std::size_t workers) {
  fleet_settings settings;
  settings.workers = workers;
  settings.ready_timeout = 10s;
  settings.drain_timeout = 30s;
  settings.kill_timeout = 2s;
  settings.restart.jitter = 0;
  settings.restart.initial_delay = 100ms;
  settings.restart.max_delay = 2s;
  settings.restart.min_uptime = 1s;
  settings.restart.max_failures = 8;
  settings.restart.window = 59s;
  settings.restart.rest = 20s;
  return settings;
}

std::string scene::exits(std::uint64_t id, int code) {
  return say(fleet_.exited({id}, exit_code(code), now));
}

std::string scene::dies(std::uint64_t id, int signal) { return say(fleet_.exited({id}, death(signal), now)); }

std::string scene::tick_after(std::chrono::milliseconds span) {
  const auto next = fleet_.next_deadline();
  REQUIRE(next.has_value());
  CHECK(*next == now + span);
  now = *next - 1ns;
  CHECK(tick() == "");  // not a moment too early
  now = *next;
  return tick();
}

void scene::bring_up(std::uint64_t id) {
  launched(id);
  hello(id);
  ready(id);
}

void scene::bring_up_all() {
  start();
  for (std::uint64_t id = 1; id <= fleet_.target(); ++id) bring_up(id);
  REQUIRE(fleet_.ready_count() == fleet_.target());
}

std::string scene::say(const event& what) {
  text_ = what.text;
  auto words = std::string{to_string(what.kind)};
  if (what.worker.value != 0) words += " " + std::to_string(what.worker.value);
  if (what.kind == event_kind::exited) return words + " " + std::string{to_string(what.reason)};
  if (what.kind == event_kind::stopping || what.kind == event_kind::stopped) return words;
  if (what.worker.value == 0) words += " s" + std::to_string(what.slot.value);
  if (what.kind == event_kind::restart_delayed || what.kind == event_kind::resting)
    words += " " + std::to_string(what.delay.count());
  return words;
}

std::string scene::say(const action& what) {
  if (const auto* one = std::get_if<launch_worker>(&what))
    return "launch " + std::to_string(one->id.value) + "/" + std::to_string(one->slot.value);
  if (const auto* one = std::get_if<drain_worker>(&what)) {
    heirs_.clear();
    for (const worker_id heir : one->heirs) heirs_.push_back(heir.value);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(one->hard_deadline - now);
    return "drain " + std::to_string(one->id.value) + " " + std::string{to_string(one->reason)} + " " +
           std::to_string(left.count());
  }
  if (const auto* one = std::get_if<terminate_worker>(&what)) return "term " + std::to_string(one->id.value);
  if (const auto* one = std::get_if<abort_worker>(&what)) return "abort " + std::to_string(one->id.value);
  if (const auto* one = std::get_if<kill_worker>(&what)) return "kill " + std::to_string(one->id.value);
  if (const auto* one = std::get_if<publish>(&what)) return say(one->what);
  const auto* end = std::get_if<finish>(&what);
  if (end == nullptr) return {};  // of roll-outs and of heirs: told by tests of their own
  finish_reason_ = end->reason;
  switch (end->how) {
    case finish::outcome::clean: return "finish clean";
    case finish::outcome::never_ready: return "finish never_ready";
    case finish::outcome::failed: return "finish failed";
  }
  return "finish ?";
}

std::string scene::say(const actions& list) {
  std::string line;
  for (const auto& one : list) {
    const auto words = say(one);
    if (!line.empty() && !words.empty()) line += ", ";
    line += words;
  }
  return line;
}

}  // namespace cluster::policy::test
