// SPDX-License-Identifier: BSL-1.0
#include "policy/records.hpp"

#include "common/text.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace cluster::policy {

bool worker_record::alive() const noexcept {
  switch (phase) {
    case worker_phase::launching:
    case worker_phase::abandoned:
    case worker_phase::gone: return false;
    case worker_phase::starting:
    case worker_phase::online:
    case worker_phase::ready:
    case worker_phase::draining:
    case worker_phase::leaving:
    case worker_phase::lost:
    case worker_phase::terminating:
    case worker_phase::killing: return true;
  }
  return false;
}

void worker_record::add_note(const std::string& why) {
  if (!note.empty()) note += ", ";
  note += why;
}

void worker_record::shorten_deadline(time_point until) {
  deadline = deadline ? std::min(*deadline, until) : until;
}

exit_reason worker_record::end_reason() const noexcept {
  const bool signalled = status.how == exit_status::kind::signalled;
  const bool ours = (status.signal == SIGTERM && got_term) || (status.signal == SIGKILL && got_kill);
  // A worker that was asked to leave and then dies of, say, SIGSEGV did not end as requested.
  if (asked) return signalled && !ours ? exit_reason::signalled : *reason;
  if (reason) return *reason;
  if (!ready_at) return exit_reason::failed_to_start;
  // It announced its drain and kept its word: somebody sent it TERM, or its application wanted it so.
  const bool clean = status.how == exit_status::kind::exited && status.code == 0;
  if (told_draining && clean) return exit_reason::requested;
  return signalled && !ours ? exit_reason::signalled : exit_reason::crashed;
}

void slot_record::clear() {
  slot_record fresh;
  fresh.departing = departing;
  if (departing != 0) fresh.launches = launches;
  *this = std::move(fresh);
}

std::string name_of(const worker_record& worker) {
  return "worker " + std::to_string(worker.id.value) + " in slot " + std::to_string(worker.slot.value);
}

std::string end_in_words(const worker_record& worker) {
  auto words = name_of(worker) + ": ";
  if (!worker.note.empty()) words += worker.note + "; ";
  return words + to_string(worker.status);
}

std::string verdict_in_words(slot_id slot, const restart_verdict& verdict, std::chrono::milliseconds window) {
  using kind = restart_verdict::kind;
  auto words = "slot " + std::to_string(slot.value);
  if (verdict.what == kind::wait) words += " waits " + describe(verdict.delay) + " before its next worker";
  else if (verdict.due) words += " rests for " + describe(verdict.delay);
  else words += " rests until it is told to start again";
  if (verdict.limit == 0) return words;

  words += verdict.what == kind::rest_cluster ? " (in the whole cluster " : " (";
  words += std::to_string(verdict.failures);
  words += verdict.failures == 1 ? " failure in " : " failures in ";
  words += describe(window) + ", the limit is " + std::to_string(verdict.limit) + ")";
  return words;
}

event about(event_kind kind, const worker_record& worker, std::string text) {
  event what;
  what.kind = kind;
  what.worker = worker.id;
  what.slot = worker.slot;
  what.generation = worker.generation;
  what.text = std::move(text);
  return what;
}

}  // namespace cluster::policy
