// SPDX-License-Identifier: BSL-1.0
// Looks at signs of life in the workers' pages, and tells the fleet what the watchdog makes of them.
#include "os/thread_times.hpp"
#include "supervisor/impl.hpp"

#include <algorithm>

namespace cluster {

std::chrono::milliseconds watch_limit(const options& settings) {
  const auto hang = settings.hang_timeout;
  const auto request = settings.request_timeout;
  if (hang.count() == 0) return request;
  return request.count() == 0 ? hang : std::min(hang, request);
}

std::optional<policy::thread_view> view_of(pid_t process, pid_t thread) {
  using condition = policy::thread_view::condition;
  auto times = os::read_thread_times(process, thread);
  // The number comes from the worker; its first thread is there in any case.
  if (!times) times = os::read_thread_times(process, process);
  if (!times) return std::nullopt;
  policy::thread_view view;
  view.ran = times->ran;
  view.waited = times->waited;
  if (times->state == 'R') view.now = condition::runnable;
  else if (times->state == 'T' || times->state == 't') view.now = condition::stopped;
  return view;
}

void supervisor::impl::watch(worker_id id) {
  dog.watch(id);
  arm_watch();
}

void supervisor::impl::forget(worker_id id) {
  dog.forget(id);
  arm_watch();
}

void supervisor::impl::arm_watch() {
  const auto next = dog.next_round();
  if (!next) {
    watch_timer.cancel();
    return;
  }
  const auto due = std::max(*next, clock::now());
  watch_timer.expires_at(due);
  watch_timer.async_wait([weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (!ec && self && self->running) self->look();
  });
}

void supervisor::impl::look() {
  const auto now = clock::now();
  const auto findings = dog.round(read_signs(now), os::time_suspended(), now);
  for (const policy::watch_finding& each : findings)
    if (running) act_on(each, now);
  if (running) arm_watch();
}

std::vector<policy::loop_reading> supervisor::impl::read_signs(clock::time_point now) const {
  std::vector<policy::loop_reading> all;
  for (const worker_id id : dog.watched()) {
    const auto found = workers.find(id);
    if (found == workers.end()) continue;
    worker_process& process = *found->second;
    for (std::size_t loop = 0; loop < os::statistics_page::loops; ++loop) {
      const os::statistics_page::beat beat = process.page.last_beat(loop);
      if (beat.at == 0) continue;
      // steady_clock is CLOCK_MONOTONIC, the clock of the signs; a number beyond it is from no clock at all.
      constexpr std::uint64_t last = std::uint64_t{1} << 62;
      const std::chrono::nanoseconds since(static_cast<std::int64_t>(std::min(beat.at, last)));
      policy::loop_reading reading{id, loop, clock::time_point(since), {}};
      if (dog.suspects(reading, now)) reading.thread = view_of(process.child.pid(), beat.thread);
      all.push_back(std::move(reading));
    }
  }
  add_absent(all, now);
  return all;
}

void supervisor::impl::act_on(const policy::watch_finding& found, clock::time_point now) {
  using kind = policy::watch_finding::kind;
  if (end_hung_absent(found)) return;
  const worker_process* process = find(found.worker);
  if (process == nullptr) return;
  switch (found.what) {
    case kind::silent: return apply(fleet->silent(found.worker, found.stood));
    case kind::hung:
      board.withdraw(process->slot.value);  // nobody is to wait for it to accept its share
      return ask_where(found.worker, found.stood);
    case kind::stopped:
      board.withdraw(process->slot.value);
      return apply(fleet->stopped(found.worker, found.stood, now));
    case kind::recovered: return apply(fleet->recovered(found.worker));
  }
}

}  // namespace cluster
