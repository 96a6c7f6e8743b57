// SPDX-License-Identifier: BSL-1.0
#include "rollout_scene.hpp"

#include "support/catch.hpp"

namespace cluster::policy::test {

using namespace std::chrono_literals;

namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string place(worker_id id, slot_id slot, generation_id generation) {
  return number(id.value) + "/" + number(slot.value) + " g" + number(generation.value);
}

std::string to_heirs(const std::vector<worker_id>& heirs) {
  std::string words = heirs.empty() ? "" : " to";
  for (const auto id : heirs) words += " " + number(id.value);
  return words;
}

std::string outcome_of(const rollout_report& report) {
  switch (report.how) {
    case rollout_report::outcome::completed: return "completed";
    case rollout_report::outcome::failed: return "failed";
    case rollout_report::outcome::rolled_back: return "rolled_back";
    case rollout_report::outcome::aborted: return "aborted";
  }
  return "?";
}

}  // namespace

void rollout_scene::bring_up_all() {
  fleet_.start(now);
  for (std::uint64_t id = 1; id <= fleet_.target(); ++id) bring_up(id);
  REQUIRE(fleet_.ready_count() == fleet_.target());
  pass(60s);
}

std::string rollout_scene::bring_up(std::uint64_t id) {
  launched(id);
  hello(id);
  return ready(id);
}

std::string rollout_scene::reload(const rollout_settings& settings) {
  actions out;
  switch (fleet_.reload(settings, now, out)) {
    case reload_refusal::none: return say(out);
    case reload_refusal::not_running: CHECK(out.empty()); return "not_running";
    case reload_refusal::stopping: CHECK(out.empty()); return "stopping";
    case reload_refusal::already_rolling: CHECK(out.empty()); return "already_rolling";
  }
  return "?";
}

std::string rollout_scene::tick_after(std::chrono::milliseconds span) {
  const auto next = fleet_.next_deadline();
  REQUIRE(next.has_value());
  CHECK(*next == now + span);
  now = *next - 1ns;
  CHECK(fleet_.tick(now).empty());  // not a moment too early
  now = *next;
  return say(fleet_.tick(now));
}

std::vector<std::uint64_t> rollout_scene::serving() const {
  std::vector<std::uint64_t> ids;
  for (const auto& one : fleet_.view())
    if (one.state == worker_state::ready) ids.push_back(one.id.value);
  return ids;
}

std::string rollout_scene::say(const event& what) {
  switch (what.kind) {
    case event_kind::rollout_started:
    case event_kind::rollout_finished:
    case event_kind::rollout_failed:
      told_ = what;
      return std::string{to_string(what.kind)} + " g" + number(what.generation.value);
    case event_kind::slot_replaced:
      told_ = what;
      return "slot_replaced " + place(what.worker, what.slot, what.generation);
    case event_kind::exited: exit_ = what; return {};
    case event_kind::restart_delayed:
    case event_kind::resting:
    case event_kind::retired: return std::string{to_string(what.kind)} + " s" + number(what.slot.value);
    case event_kind::stopping:
    case event_kind::stopped: return std::string{to_string(what.kind)};
    case event_kind::forked:
    case event_kind::online:
    case event_kind::listening:
    case event_kind::ready:
    case event_kind::draining:
    case event_kind::disconnected:
    case event_kind::launch_failed:
    case event_kind::adopted:
    case event_kind::unresponsive:
    case event_kind::hung:
    case event_kind::recovered:
    case event_kind::recycling:
    case event_kind::handler_failed: break;
  }
  return {};
}

std::string rollout_scene::say(const action& what) {
  if (const auto* one = std::get_if<launch_worker>(&what))
    return "launch " + place(one->id, one->slot, one->generation) + (one->last_good ? " last_good" : "");
  if (const auto* one = std::get_if<drain_worker>(&what)) {
    drain_ = *one;
    return "drain " + number(one->id.value) + " " + std::string{to_string(one->reason)} +
           to_heirs(one->heirs);
  }
  if (const auto* one = std::get_if<appoint_heirs>(&what))
    return "heirs " + number(one->from.value) + to_heirs(one->heirs);
  if (const auto* one = std::get_if<terminate_worker>(&what)) return "term " + number(one->id.value);
  if (const auto* one = std::get_if<kill_worker>(&what)) return "kill " + number(one->id.value);
  if (const auto* one = std::get_if<publish>(&what)) return say(one->what);
  if (const auto* one = std::get_if<end_rollout>(&what)) {
    report_ = one->report;
    return "end " + outcome_of(report_) + " " + number(report_.slots_done) + "/" +
           number(report_.slots_total);
  }
  return "finish";
}

std::string rollout_scene::say(const actions& list) {
  std::string line;
  for (const auto& one : list) {
    const auto words = say(one);
    if (!line.empty() && !words.empty()) line += ", ";
    line += words;
  }
  return line;
}

}  // namespace cluster::policy::test
