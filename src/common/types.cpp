// SPDX-License-Identifier: BSL-1.0
#include <cluster/event.hpp>
#include <cluster/types.hpp>
#include <cluster/version.hpp>

#include <cstring>

namespace cluster {

const char* version() noexcept { return CLUSTER_VERSION_STRING; }

std::string_view to_string(worker_state state) noexcept {
  switch (state) {
    case worker_state::starting: return "starting";
    case worker_state::ready: return "ready";
    case worker_state::draining: return "draining";
    case worker_state::exited: return "exited";
  }
  return "unknown";
}

std::string_view to_string(schedule how) noexcept {
  switch (how) {
    case schedule::shared: return "shared";
    case schedule::round_robin: return "round-robin";
    case schedule::reuse_port: return "reuse-port";
  }
  return "unknown";
}

std::string_view to_string(exit_reason reason) noexcept {
  switch (reason) {
    case exit_reason::requested: return "requested";
    case exit_reason::replaced: return "replaced";
    case exit_reason::scaled_down: return "scaled_down";
    case exit_reason::recycled: return "recycled";
    case exit_reason::crashed: return "crashed";
    case exit_reason::signalled: return "signalled";
    case exit_reason::hung: return "hung";
    case exit_reason::failed_to_start: return "failed_to_start";
    case exit_reason::orphaned: return "orphaned";
  }
  return "unknown";
}

std::string_view to_string(event_kind kind) noexcept {
  switch (kind) {
    case event_kind::forked: return "forked";
    case event_kind::online: return "online";
    case event_kind::listening: return "listening";
    case event_kind::ready: return "ready";
    case event_kind::draining: return "draining";
    case event_kind::disconnected: return "disconnected";
    case event_kind::exited: return "exited";
    case event_kind::launch_failed: return "launch_failed";
    case event_kind::restart_delayed: return "restart_delayed";
    case event_kind::resting: return "resting";
    case event_kind::retired: return "retired";
    case event_kind::handler_failed: return "handler_failed";
    case event_kind::adopted: return "adopted";
    case event_kind::unresponsive: return "unresponsive";
    case event_kind::hung: return "hung";
    case event_kind::recovered: return "recovered";
    case event_kind::recycling: return "recycling";
    case event_kind::rollout_started: return "rollout_started";
    case event_kind::slot_replaced: return "slot_replaced";
    case event_kind::rollout_finished: return "rollout_finished";
    case event_kind::rollout_failed: return "rollout_failed";
    case event_kind::stopping: return "stopping";
    case event_kind::stopped: return "stopped";
  }
  return "unknown";
}

std::string to_string(const exit_status& status) {
  switch (status.how) {
    case exit_status::kind::unknown: return "exit status unknown";
    case exit_status::kind::exited: return "exit code " + std::to_string(status.code);
    case exit_status::kind::signalled: break;
  }
  std::string text = "signal " + std::to_string(status.signal);
  // sigabbrev_np gives "KILL" where strsignal would give a translated sentence.
  if (const char* name = ::sigabbrev_np(status.signal)) text.append(" (SIG").append(name).append(")");
  if (status.core) text += ", core dumped";
  return text;
}

}  // namespace cluster
