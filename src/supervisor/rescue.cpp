// SPDX-License-Identifier: BSL-1.0
// When none of the workers that live has called: they all hang, and the listeners are in their hands only.
#include "os/left_behind.hpp"
#include "supervisor/impl.hpp"

#include <algorithm>
#include <utility>

namespace cluster {

supervisor::impl::seen_threads supervisor::impl::look_at_kept() const {
  seen_threads all;
  for (const policy::kept_worker& each : kept.workers) {
    const auto pid = static_cast<pid_t>(each.pid);
    const auto view = view_of(pid, pid);
    if (view && os::start_of_process(pid) == each.start) all.emplace(each.id, *view);
  }
  return all;
}

// How long it stood by its own fault while it was waited for; one that turned would have called. One that
// sleeps has nothing else to wait for, and one that wants a CPU counts by what it had of it; but who is
// stopped, or gets none, is not to blame.
std::chrono::nanoseconds supervisor::impl::stood_meanwhile(const seen_threads& before,
                                                           const absent_worker& one,
                                                           std::chrono::nanoseconds span) {
  using condition = policy::thread_view::condition;
  const auto then = before.find(one.known.id);
  const auto now = view_of(one.process.pid, one.process.pid);
  if (then == before.end() || !now) return {};
  if (now->now == condition::stopped || then->second.now == condition::stopped) return {};
  const auto ran = now->ran - then->second.ran;
  return now->now == condition::asleep ? span - (now->waited - then->second.waited) : std::min(span, ran);
}

// Copies of its sockets, so that nobody who has connected is lost when it is ended. False if they are not to
// be had: the notes do not name them, it has closed them, or the system does not let us look into the
// process.
bool supervisor::impl::rescue_listeners(const absent_worker& from) {
  rescued.clear();
  std::vector<os::listen_socket> found;
  for (const policy::kept_listener& wanted : kept.listeners) {
    os::unique_fd copy = os::copy_listener(from.process, wanted.uri);
    if (!copy) return false;
    listener described;
    described.name = wanted.name;
    described.uri = wanted.uri;
    described.tls = wanted.tls;
    described.proxy = wanted.proxy;
    described.inherited = wanted.inherited;
    described.number = wanted.number;
    os::listen_socket& socket = found.emplace_back();
    if (os::adopt_listener(std::move(copy), described, made_here(described), socket)) return false;
  }
  if (found.empty()) return false;
  settings.log(log_level::warning,
               "no worker of the supervisor before has called: its listeners are taken out of process " +
                   std::to_string(from.process.pid));
  rescued = std::move(found);
  return true;
}

}  // namespace cluster
