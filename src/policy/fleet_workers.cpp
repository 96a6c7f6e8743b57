// SPDX-License-Identifier: BSL-1.0
// What the fleet does for one worker: carries out the effects of the worker machine.
#include "policy/fleet.hpp"

#include "common/text.hpp"

#include <algorithm>
#include <utility>

namespace cluster::policy {
namespace {

constexpr std::chrono::milliseconds core_time{30000};

}  // namespace

worker_record* fleet::find(worker_id id) {
  const auto found = workers_.find(id);
  return found == workers_.end() ? nullptr : &found->second;
}

/// The one place where a worker changes its phase. After `exited` and `launch_failed` the record is
/// gone.
void fleet::apply(worker_record& worker, worker_input what, time_point now, actions& out) {
  const auto from = worker.phase;
  const auto taken = step(from, what);
  if (taken.next != from) {
    worker.phase = taken.next;
    if (from == worker_phase::ready) worker.ready_for = now - *worker.ready_at;
    if (auto why = note_for(what, from); !why.empty()) worker.add_note(why);
  }
  enact(worker, taken.effect, from, now, out);
}

/// Why we are about to end a worker, for the text of its exit.
void fleet::explain(worker_id id, const std::string& why) {
  constexpr std::size_t enough = 300;
  worker_record* worker = find(id);
  if (worker != nullptr && !worker->ready_at && worker->note.size() < enough)
    worker->add_note(why.substr(0, enough));
}

std::string fleet::note_for(worker_input what, worker_phase from) const {
  switch (what) {
    case worker_input::ready_deadline: return "not ready within " + describe(settings_.ready_timeout);
    case worker_input::drain_deadline: return "not drained within " + describe(settings_.drain_timeout);
    case worker_input::exit_deadline:
      return (from == worker_phase::lost ? "its channel closed and it was still there "
                                         : "it was drained and still there ") +
             describe(settings_.kill_timeout) + " later";
    case worker_input::kill_deadline:
      return "still there " + describe(settings_.kill_timeout) + " after TERM";
    case worker_input::channel_broken: return "it broke the protocol of its channel";
    case worker_input::launched:
    case worker_input::launch_failed:
    case worker_input::hello:
    case worker_input::ready:
    case worker_input::drain_requested:
    case worker_input::drain_reported:
    case worker_input::done:
    case worker_input::channel_closed:
    case worker_input::terminate_requested:
    case worker_input::kill_requested:
    case worker_input::exited: return {};
  }
  return {};
}

void fleet::enact(worker_record& worker, worker_effect todo, worker_phase from, time_point now,
                  actions& out) {
  switch (todo) {
    case worker_effect::none: return;
    case worker_effect::announce_forked:
      announce_forked(worker, now, out);
      worker.deadline = after(now, settings_.ready_timeout);
      return;
    case worker_effect::end_newborn:
      announce_forked(worker, now, out);
      return terminate(worker, from, now, out);
    case worker_effect::report_launch_failure: return bury_unborn(worker, now, out);
    case worker_effect::announce_online:
      if (settings_.ready_after) worker.shorten_deadline(after(now, *settings_.ready_after));
      out.emplace_back(publish{about(event_kind::online, worker, name_of(worker) + " is online")});
      return;
    case worker_effect::announce_ready:
      worker.ready_at = now;
      worker.deadline.reset();
      ever_ready_ = true;
      out.emplace_back(publish{about(event_kind::ready, worker, name_of(worker) + " is ready")});
      return;
    case worker_effect::send_drain:
      worker.deadline = after(now, settings_.drain_timeout);
      announce_draining(worker, " drains, for " + describe(settings_.drain_timeout) + " at most", out);
      out.emplace_back(drain_worker{worker.id, *worker.reason, *worker.deadline, worker.heirs,
                                    stopping() ? now : after(now, settings_.drain_timeout / 2)});
      return;
    case worker_effect::note_drain:
      worker.deadline = after(now, settings_.drain_timeout);
      return announce_draining(worker, " drains by itself", out);
    case worker_effect::await_exit: return worker.shorten_deadline(after(now, settings_.kill_timeout));
    case worker_effect::announce_disconnected: return announce_disconnected(worker, out);
    case worker_effect::await_lost:
      worker.shorten_deadline(after(now, settings_.kill_timeout));
      return announce_disconnected(worker, out);
    case worker_effect::cut_and_kill: announce_disconnected(worker, out); return kill(worker, out);
    case worker_effect::terminate: return terminate(worker, from, now, out);
    case worker_effect::kill: return kill(worker, out);
    case worker_effect::bury: return bury(worker, now, out);
  }
}

/// We want this worker to leave. What was settled about its end before stays.
void fleet::ask(worker_record& worker, worker_input how, exit_reason why, time_point now, actions& out) {
  if (!worker.reason) {
    worker.reason = why;
    worker.asked = true;
  }
  apply(worker, how, now, out);
}

void fleet::announce_forked(worker_record& worker, time_point now, actions& out) {
  worker.since = now;
  worker.forked = true;
  out.emplace_back(publish{about(event_kind::forked, worker, name_of(worker) + " was started")});
}

void fleet::announce_draining(worker_record& worker, const std::string& how, actions& out) {
  // Not after `disconnected`: observers rely on the order.
  if (std::exchange(worker.told_draining, true) || worker.told_disconnected) return;
  out.emplace_back(publish{about(event_kind::draining, worker, name_of(worker) + how)});
}

void fleet::announce_disconnected(worker_record& worker, actions& out) {
  if (std::exchange(worker.told_disconnected, true)) return;
  out.emplace_back(
      publish{about(event_kind::disconnected, worker, "the channel of " + name_of(worker) + " is closed")});
}

void fleet::terminate(worker_record& worker, worker_phase from, time_point now, actions& out) {
  // Writing a core takes its time; KILL would cut it off.
  const bool for_core = worker.hung && settings_.hang_core;
  const auto until =
      after(now, for_core ? std::max(settings_.kill_timeout, core_time) : settings_.kill_timeout);
  // A lost worker has its time until KILL already; TERM must not prolong it.
  if (from == worker_phase::lost) worker.shorten_deadline(until);
  else worker.deadline = until;
  worker.got_term = true;
  announce_draining(worker, for_core ? " is ended by ABRT" : " is ended by TERM", out);
  if (for_core) out.emplace_back(abort_worker{worker.id});
  else out.emplace_back(terminate_worker{worker.id});
}

void fleet::kill(worker_record& worker, actions& out) {
  worker.deadline.reset();
  worker.got_kill = true;
  if (!worker.reason) worker.reason = worker.ready_at ? exit_reason::crashed : exit_reason::failed_to_start;
  out.emplace_back(kill_worker{worker.id});
}

/// The launch failed: there never was a process, so there is no `exited` either.
void fleet::bury_unborn(worker_record& worker, time_point now, actions& out) {
  const auto why = name_of(worker) + " could not be started: " + worker.note;
  out.emplace_back(publish{about(event_kind::launch_failed, worker, why)});
  remove(worker, name_of(worker) + ": " + worker.note, now, out);
}

void fleet::bury(worker_record& worker, time_point now, actions& out) {
  announce_disconnected(worker, out);
  const auto words = end_in_words(worker);
  auto what = about(event_kind::exited, worker, words);
  what.status = worker.status;
  what.reason = worker.end_reason();
  out.emplace_back(publish{std::move(what)});
  remove(worker, words, now, out);
}

void fleet::remove(const worker_record& worker, const std::string& words, time_point now, actions& out) {
  const auto gone = workers_.extract(worker.id);
  vacate(gone.mapped(), words, now, out);
}

}  // namespace cluster::policy
