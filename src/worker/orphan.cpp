// SPDX-License-Identifier: BSL-1.0
// A worker whose supervisor is gone: it serves on, and calls at the place where the next one will be.
#include "os/rendezvous.hpp"
#include "worker/impl.hpp"

#include <fcntl.h>

#include <random>

namespace cluster {
namespace {

// Spread, so that a whole fleet does not call at once.
std::chrono::milliseconds until_next_call() {
  static thread_local std::minstd_rand chance{std::random_device{}()};
  return std::chrono::milliseconds(std::uniform_int_distribution<int>(30, 60)(chance));
}

}  // namespace

bool worker::impl::may_be_adopted() const noexcept {
  return !identity.rendezvous.empty() && state != worker_state::exited &&
         (!notice || notice->reason != exit_reason::orphaned);
}

void worker::impl::become_orphan(error_code why) {
  if (!orphaned_since) {
    orphaned_since = std::chrono::steady_clock::now();
    log(log_level::warning, "the supervisor is gone (" + why.message() + "); this worker serves on");
    accepts_changed();
  }
  wait_to_call();
}

void worker::impl::wait_to_call() {
  call_timer.expires_after(until_next_call());
  call_timer.async_wait([weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (!ec && self && self->may_be_adopted()) self->call_home();
  });
}

void worker::impl::call_home() {
  const auto now = std::chrono::steady_clock::now();
  if (now - *orphaned_since >= identity.orphan_timeout) {
    log(log_level::error, "no supervisor has come; this worker drains and leaves");
    return begin_drain({now, now + identity.drain_timeout, exit_reason::orphaned});
  }
  os::unique_fd socket;
  if (os::call_home(identity.rendezvous, socket)) return wait_to_call();
  ipc::report report;
  report.worker = identity.worker;
  report.slot = identity.slot;
  report.generation = identity.generation;
  report.name = identity.name;
  report.state = state;
  std::vector<os::unique_fd> copies;
  for (const listener& each : listeners) {
    report.listeners.push_back(each);
    copies.emplace_back(::fcntl(each.native_handle, F_DUPFD_CLOEXEC, 3));
  }
  report.load_board = static_cast<bool>(board);
  if (report.load_board) copies.emplace_back(::fcntl(board.fd(), F_DUPFD_CLOEXEC, 3));
  report.statistics = static_cast<bool>(*page);
  if (report.statistics) copies.emplace_back(::fcntl(page->fd(), F_DUPFD_CLOEXEC, 3));
  for (const os::unique_fd& each : copies)
    if (!each) return wait_to_call();  // no descriptor is left at this moment
  converse(std::move(socket));
  channel->send(report, std::move(copies));
}

void worker::impl::be_adopted(const ipc::adopted& terms) {
  if (!orphaned_since) return;
  orphaned_since.reset();
  accepts_changed();
  identity.drain_timeout = terms.drain_timeout;
  identity.orphan_timeout = terms.orphan_timeout;
  // Its watchdog counts in this interval from now on.
  if (terms.heartbeat.count() != 0)
    for (const auto& each : heartbeats) each->beat_every(terms.heartbeat);
  log(log_level::info, "a new supervisor has taken this worker over");
}

}  // namespace cluster
