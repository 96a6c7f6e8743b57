// SPDX-License-Identifier: BSL-1.0
#include "policy/watchdog.hpp"

#include <algorithm>

namespace cluster::policy {
namespace {

using namespace std::chrono_literals;
using nanoseconds = std::chrono::nanoseconds;

/// How many times the limit somebody may keep a worker stopped before it is replaced.
constexpr int stopped_factor = 3;

/// A timer that is not later than this is on time.
constexpr nanoseconds tolerance = 100ms;

}  // namespace

std::chrono::milliseconds watchdog::interval_for(std::chrono::milliseconds limit) {
  if (limit.count() <= 0) return 1s;  // for the statistics only
  return std::clamp<std::chrono::milliseconds>(limit / 5, 10ms, 300ms);
}

watchdog::watchdog(std::chrono::milliseconds limit) : limit_(limit), interval_(interval_for(limit)) {}

void watchdog::watch(worker_id id) {
  if (limit_.count() <= 0) return;
  workers_.insert(id);
  if (!next_round_) next_round_ = time_point{};  // at once: it plans the others
}

void watchdog::forget(worker_id id) {
  workers_.erase(id);
  warned_.erase(id);
  found_.erase(id);
  loops_.erase(loops_.lower_bound({id, 0}), loops_.upper_bound({id, ~std::size_t{0}}));
  if (workers_.empty()) next_round_.reset();
}

bool watchdog::overdue(const loop_state& loop, time_point now) const {
  return now - loop.sign >= 2 * interval_;
}

bool watchdog::suspects(const loop_reading& reading, time_point now) const {
  const auto found = loops_.find({reading.worker, reading.loop});
  return found != loops_.end() && found->second.written == reading.sign && overdue(found->second, now);
}

std::vector<watch_finding> watchdog::round(const std::vector<loop_reading>& readings, nanoseconds suspended,
                                           time_point now) {
  const bool resumed = suspended - suspended_ > interval_;
  suspended_ = suspended;
  for (const loop_reading& each : readings) {
    if (!workers_.contains(each.worker)) continue;
    loop_state& loop = loops_[{each.worker, each.loop}];
    if (resumed) loop.before.reset();
    see(loop, each, now);
  }
  const auto all = verdicts(now);
  const bool all_stand = std::ranges::all_of(workers_, [&](worker_id id) {
    const auto found = all.find(id);
    return found != all.end() && found->second.stood >= limit_;
  });
  std::vector<watch_finding> findings;
  for (const auto& [id, verdict] : all) report(id, verdict, all_stand, findings);
  plan(now);
  return findings;
}

void watchdog::see(loop_state& loop, const loop_reading& reading, time_point now) const {
  if (loop.written != reading.sign || loop.sign == time_point{}) {
    loop = {};
    loop.written = reading.sign;
    loop.sign = std::min(reading.sign, now);
  }
  if (!overdue(loop, now)) return;
  // Without a look at the thread nobody can say whose fault it is; nothing counts.
  if (!reading.thread) loop.before.reset();
  else if (!loop.before) loop.stood = loop.stopped = 0ns;
  else blame(loop, *reading.thread, now);
  loop.before = reading.thread;
  loop.looked = now;
}

void watchdog::blame(loop_state& loop, const thread_view& thread, time_point now) const {
  using condition = thread_view::condition;
  // What the watcher missed, it does not count: it may not have been the only one.
  const nanoseconds planned = next_round_ ? *next_round_ - loop.looked + tolerance : interval_;
  const nanoseconds span = std::clamp<nanoseconds>(planned, 0ns, now - loop.looked);
  const nanoseconds ran = std::max<nanoseconds>(thread.ran - loop.before->ran, 0ns);
  const nanoseconds waited = std::max<nanoseconds>(thread.waited - loop.before->waited, 0ns);
  if (thread.now == condition::stopped || loop.before->now == condition::stopped) {
    loop.stopped += span;
  } else if (thread.now == condition::runnable) {
    loop.stood += std::min(span, ran);
  } else {
    loop.stood += std::max<nanoseconds>(span - waited, 0ns);
  }
}

std::map<worker_id, watchdog::worker_verdict> watchdog::verdicts(time_point now) const {
  std::map<worker_id, worker_verdict> all;
  for (const auto& [key, loop] : loops_) {
    worker_verdict& one = all[key.first];
    one.stood = std::max(one.stood, loop.stood);
    one.stopped = std::max(one.stopped, loop.stopped);
    one.fresh = one.fresh && !overdue(loop, now);
  }
  return all;
}

void watchdog::report(worker_id id, const worker_verdict& verdict, bool all_stand,
                      std::vector<watch_finding>& findings) {
  using kind = watch_finding::kind;
  const auto tell = [&](kind what, nanoseconds time) {
    findings.push_back({id, what, std::chrono::duration_cast<std::chrono::milliseconds>(time)});
  };
  if (verdict.fresh) {
    warned_.erase(id);
    if (found_.erase(id) != 0) tell(kind::recovered, 0ns);
    return;
  }
  if (verdict.stood >= limit_ / 2 && warned_.insert(id).second) tell(kind::silent, verdict.stood);
  if (found_.contains(id) || (!found_.empty() && !all_stand)) return;
  if (verdict.stood >= limit_) {
    found_.insert(id);
    tell(kind::hung, verdict.stood);
  } else if (verdict.stopped >= stopped_factor * limit_ && found_.empty()) {
    found_.insert(id);
    tell(kind::stopped, verdict.stopped);
  }
}

// Fresh loops are looked at together, at most twice an interval; one that stands when its time is over.
void watchdog::plan(time_point now) {
  next_round_.reset();
  if (workers_.empty()) return;
  time_point next = now + 2 * interval_;
  for (const auto& [key, loop] : loops_) {
    if (!loop.before) {
      next = std::min(next, std::max(loop.sign + 2 * interval_, now + interval_ / 2));
      continue;
    }
    nanoseconds wait = interval_;
    for (const nanoseconds mark : {limit_ / 2, limit_})
      if (loop.stood < mark) wait = std::min(wait, std::max<nanoseconds>(mark - loop.stood, 5ms));
    next = std::min(next, now + wait);
  }
  next_round_ = next;
}

}  // namespace cluster::policy
