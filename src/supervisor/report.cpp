// SPDX-License-Identifier: BSL-1.0
#include "common/text.hpp"
#include "supervisor/impl.hpp"

namespace cluster {
namespace {

std::string subject(const event& what) {
  std::string text =
      "worker " + std::to_string(what.worker.value) + " (slot " + std::to_string(what.slot.value);
  if (what.pid != 0) text += ", pid " + std::to_string(what.pid);
  return text + ")";
}

bool expected(const event& what) {
  return what.reason != exit_reason::crashed && what.reason != exit_reason::signalled &&
         what.reason != exit_reason::failed_to_start && what.reason != exit_reason::hung;
}

std::string with_text(std::string line, const event& what) {
  if (!what.text.empty()) line += ": " + what.text;
  return line;
}

}  // namespace

log_level describe(const event& what, std::string& line) {
  switch (what.kind) {
    case event_kind::forked: line = subject(what) + " started"; return log_level::debug;
    case event_kind::online: line = subject(what) + " is online"; return log_level::debug;
    case event_kind::listening:
      line = subject(what) + " takes connections from " + what.endpoint;
      return log_level::debug;
    case event_kind::ready: line = subject(what) + " is ready"; return log_level::info;
    case event_kind::draining: line = subject(what) + " drains"; return log_level::info;
    case event_kind::disconnected: line = subject(what) + " disconnected"; return log_level::debug;
    case event_kind::exited:
      line = subject(what) + " ended, " + std::string(to_string(what.reason)) + ": " + to_string(what.status);
      return expected(what) ? log_level::info : log_level::error;
    case event_kind::launch_failed:
      line = with_text(subject(what) + " could not be started", what);
      return log_level::error;
    case event_kind::restart_delayed: line = what.text; return log_level::warning;
    case event_kind::resting: line = what.text; return log_level::error;
    case event_kind::retired: line = what.text; return log_level::warning;
    case event_kind::handler_failed:
      line = with_text(subject(what) + " had a failing handler", what);
      return log_level::debug;  // the worker has written its own line
    case event_kind::adopted: line = subject(what) + " is taken over"; return log_level::info;
    case event_kind::unresponsive: line = what.text; return log_level::warning;
    case event_kind::hung: line = what.text; return log_level::error;
    case event_kind::recovered: line = what.text; return log_level::info;
    case event_kind::recycling: line = what.text; return log_level::info;
    case event_kind::rollout_started:
    case event_kind::slot_replaced:
    case event_kind::rollout_finished: line = what.text; return log_level::info;
    case event_kind::rollout_failed: line = what.text; return log_level::error;
    case event_kind::stopping: line = with_text("the cluster stops", what); return log_level::info;
    case event_kind::stopped: line = "the cluster has stopped"; return log_level::info;
  }
  return log_level::info;
}

}  // namespace cluster
