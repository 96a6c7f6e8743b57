// SPDX-License-Identifier: BSL-1.0
// Workers of a dead supervisor that live and have not called its successor. Their slots are filled by others;
// who is only late is sent away when it calls, and who hangs is ended like any worker that hangs.
#include "supervisor/impl.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <utility>

namespace cluster {
namespace {

std::string name_of(worker_id id, pid_t pid) {
  return "worker " + std::to_string(id.value) + " (process " + std::to_string(pid) +
         ") of the supervisor before";
}

}  // namespace

// Nobody else holds the listeners, and they cannot be bound while these do.
void supervisor::impl::end_absent(const std::vector<absent_worker>& all) {
  for (const absent_worker& each : all) {
    settings.log(log_level::error, name_of(each.known.id, each.process.pid) + " has not called and is ended");
    os::signal_process(each.process.pidfd.get(), SIGKILL);
  }
  for (const absent_worker& each : all) {
    pollfd gone{each.process.pidfd.get(), POLLIN, 0};
    ::poll(&gone, 1, 2000);
  }
}

void supervisor::impl::note_absent(std::vector<absent_worker> all, const seen_threads& before,
                                   std::chrono::nanoseconds span) {
  for (absent_worker& each : all) {
    // It may have stood for long enough already; the next supervisor would begin anew to watch it.
    const auto limit = watch_limit(settings);
    const bool hangs = limit.count() != 0 && stood_meanwhile(before, each, span) >= limit;
    settings.log(hangs ? log_level::error : log_level::warning,
                 name_of(each.known.id, each.process.pid) +
                     (hangs ? " hangs, and is ended" : " has not called; it is watched"));
    if (hangs) os::signal_process(each.process.pidfd.get(), SIGKILL);
    auto process = std::make_unique<os::child>(executor, std::move(each.process));
    absent.emplace(each.known.id, absent_process{each.known, std::move(process), {}});
  }
}

// Those that the supervisor before sent away: what is left of their time is all they have.
void supervisor::impl::note_leaving(std::vector<absent_worker> all) {
  for (absent_worker& each : all) {
    const auto until = clock::time_point(std::chrono::milliseconds(each.known.leaves_by));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    auto process = std::make_unique<os::child>(executor, std::move(each.process));
    absent.emplace(each.known.id, absent_process{each.known, std::move(process), {}});
    limit_leaving(each.known.id, std::clamp(left, std::chrono::milliseconds(0), longest_leave()));
  }
}

void supervisor::impl::watch_absent() {
  if (!running) return;
  absent_since = clock::now();
  for (const auto& [id, one] : absent) {
    one.process->wait([this, id = id](const exit_status&) {
      absent.erase(id);
      forget(id);
    });
    if (!one.leaving) watch(id);
  }
}

// There is no page of it to be seen: its first thread has stood since it was waited for, unless it gets no
// CPU or is stopped.
void supervisor::impl::add_absent(std::vector<policy::loop_reading>& all, clock::time_point now) const {
  for (const auto& [id, one] : absent) {
    if (one.leaving) continue;
    policy::loop_reading reading{id, 0, absent_since, {}};
    const pid_t pid = one.process->pid();
    if (dog.suspects(reading, now)) reading.thread = view_of(pid, pid);
    all.push_back(reading);
  }
}

bool supervisor::impl::end_hung_absent(const policy::watch_finding& found) {
  using kind = policy::watch_finding::kind;
  const auto one = absent.find(found.worker);
  if (one == absent.end()) return false;
  // Nobody misses it: its slot has another worker.
  if (found.what == kind::hung || found.what == kind::stopped) {
    settings.log(log_level::error, name_of(found.worker, one->second.process->pid()) +
                                       (found.what == kind::hung ? " hangs" : " is kept stopped") +
                                       ", and is ended");
    one->second.process->signal(SIGKILL);
  }
  return true;
}

// It was only late, and drains. While it waits for its last requests it looks as if it hung, so it is not
// watched any more; what it may take is that of any worker that drains.
void supervisor::impl::let_leave(pid_t pid) {
  const auto one =
      std::ranges::find_if(absent, [pid](const auto& each) { return each.second.process->pid() == pid; });
  if (one == absent.end() || one->second.leaving) return;
  forget(one->first);
  limit_leaving(one->first, longest_leave());
  save();
}

std::chrono::milliseconds supervisor::impl::longest_leave() const {
  return settings.drain_timeout + settings.kill_timeout;
}

void supervisor::impl::limit_leaving(worker_id id, std::chrono::milliseconds left) {
  absent_process& one = absent.at(id);
  const auto until = (clock::now() + left).time_since_epoch();
  one.known.leaves_by =
      static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(until).count());
  one.leaving = std::make_unique<boost::asio::steady_timer>(executor, left);
  one.leaving->async_wait([weak = weak_from_this(), id](const error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    const auto still = self->absent.find(id);
    if (still == self->absent.end()) return;
    self->settings.log(log_level::error, name_of(id, still->second.process->pid()) +
                                             " was sent away and is still there; it is ended");
    still->second.process->signal(SIGKILL);
  });
}

// If this supervisor dies too, the next one has to know of them.
void supervisor::impl::keep_absent(policy::kept_state& into) const {
  for (const auto& [id, one] : absent) {
    // Its slot may have been taken away since.
    if (one.known.slot.value >= into.slots.size()) into.slots.resize(one.known.slot.value + 1);
    into.workers.push_back(one.known);
  }
}

void supervisor::impl::dismiss_absent() noexcept {
  for (const auto& [id, one] : absent) one.process->signal(SIGKILL);
  absent.clear();
}

}  // namespace cluster
