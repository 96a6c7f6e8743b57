// SPDX-License-Identifier: BSL-1.0
#include "supervisor/impl.hpp"

#include <exception>
#include <utility>

namespace cluster {
namespace {

reload_report::outcome outcome_of(policy::rollout_report::outcome how) {
  switch (how) {
    case policy::rollout_report::outcome::completed: return reload_report::outcome::completed;
    case policy::rollout_report::outcome::failed: return reload_report::outcome::failed;
    case policy::rollout_report::outcome::rolled_back: return reload_report::outcome::rolled_back;
    case policy::rollout_report::outcome::aborted: return reload_report::outcome::aborted;
  }
  return reload_report::outcome::failed;
}

std::string_view to_string(policy::rollout_stage stage) {
  switch (stage) {
    case policy::rollout_stage::launch: return "launch";
    case policy::rollout_stage::start: return "start";
    case policy::rollout_stage::soak: return "soak";
    case policy::rollout_stage::handed_over: return "handed_over";
  }
  return "launch";
}

policy::rollout_settings rollout_settings(const reload_options& wanted) {
  policy::rollout_settings result;
  result.max_surge = wanted.max_surge;
  result.max_unavailable = wanted.max_unavailable;
  result.pause = wanted.pause;
  result.soak = wanted.soak;
  result.rollback = wanted.rollback;
  return result;
}

reload_options changed(reload_options how, const reload_changes& by) {
  how.max_surge = by.max_surge.value_or(how.max_surge);
  how.max_unavailable = by.max_unavailable.value_or(how.max_unavailable);
  how.pause = by.pause.value_or(how.pause);
  how.soak = by.soak.value_or(how.soak);
  how.rollback = by.rollback.value_or(how.rollback);
  return how;
}

}  // namespace

std::string_view to_string(reload_report::outcome how) noexcept {
  switch (how) {
    case reload_report::outcome::completed: return "completed";
    case reload_report::outcome::failed: return "failed";
    case reload_report::outcome::rolled_back: return "rolled_back";
    case reload_report::outcome::aborted: return "aborted";
  }
  return "failed";
}

// One roll-out at a time: a second wish is refused, so that whoever asks knows whose report comes.
void supervisor::impl::reload(const reload_changes& changes, reload_handler_type handler) {
  reload_report refused;
  refused.how = reload_report::outcome::failed;
  const auto refuse = [&](error why, std::string reason) {
    refused.reason = std::move(reason);
    complete(std::move(handler), make_error_code(why), std::move(refused));
  };
  if (!running || fleet->stopping()) return refuse(error::not_running, "the cluster is not running");
  if (fleet->rolling()) return refuse(error::reload_running, "a rolling replacement is under way");
  options next = settings;
  try {
    if (refresh) next = refresh();
  } catch (const std::exception& problem) {
    return refuse(error::reload_failed, problem.what());
  }
  const reload_options configured = next.reload;
  next.reload = changed(configured, changes);
  if (const auto problem = validate(next)) return refuse(error::reload_failed, *problem);
  const auto rotation = secrets.rotation();
  if (os::failure failed = load_tls(next)) return refuse(error::reload_failed, std::move(failed.detail));
  if (secrets.rotation() != rotation) arm_ticket_rotation();
  if (os::failure failed = starter.begin(next, {fleet->generation().value + 1}))
    return refuse(error::reload_failed, std::move(failed.detail));
  settings.reload = configured;
  settings.probe = next.probe;
  settings.proxies = next.proxies;
  tally = {};
  reload_handler.put(std::move(handler));
  policy::actions list;
  // Cannot be refused: all of its reasons were looked at above.
  fleet->reload(rollout_settings(next.reload), clock::now(), list);
  apply(std::move(list));
}

void supervisor::impl::abort_reload() {
  if (running && fleet->rolling()) apply(fleet->abort_reload(clock::now()));
}

void supervisor::impl::perform(const policy::end_rollout& what) {
  const policy::rollout_report& from = what.report;
  reload_report report = std::exchange(tally, {});
  report.how = outcome_of(from.how);
  report.from = from.from;
  report.to = from.to;
  report.slots_total = from.slots_total;
  report.slots_done = from.slots_done;
  report.took = from.took;
  report.reason = from.reason;
  error_code ec;
  switch (report.how) {
    case reload_report::outcome::completed: starter.forget_before(report.to); break;
    case reload_report::outcome::failed:
    case reload_report::outcome::rolled_back:
      ec = make_error_code(error::reload_failed);
      report.stage = to_string(from.stage);
      break;
    case reload_report::outcome::aborted: ec = boost::asio::error::operation_aborted; break;
  }
  // Slots of both generations may stay as they are; each is then refilled by its own.
  if (fleet->generation() != report.to) starter.forget(report.to);
  ++counters.reloads[static_cast<std::size_t>(report.how)];
  last_reload = report;
  if (reload_handler) complete(reload_handler.take(), ec, std::move(report));
}

}  // namespace cluster
