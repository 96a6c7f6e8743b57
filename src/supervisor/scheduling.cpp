// SPDX-License-Identifier: BSL-1.0
// Who takes connections: what the supervisor itself does for it under each schedule.
#include "os/reuse_port.hpp"
#include "supervisor/impl.hpp"

#include <fcntl.h>

#include <algorithm>
#include <set>
#include <utility>

namespace cluster {
namespace {

os::unique_fd duplicate(int fd) { return os::unique_fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

}  // namespace

void supervisor::impl::begin_schedule() {
  if (settings.schedule == schedule::shared) return;
  usher::settings how;
  how.limits = {settings.max_connections, settings.max_connections_total,
                [this](slot_id slot) { return board.load(slot.value); }};
  if (settings.schedule == schedule::round_robin) how.router = settings.router;
  how.log = settings.log;
  how.give = [this](worker_id to, const ipc::offer& what, os::unique_fd connection) {
    worker_process* process = find(to);
    if (process == nullptr || !process->channel->is_open()) return make_error_code(error::channel_closed);
    std::vector<os::unique_fd> along;
    along.push_back(std::move(connection));
    return process->channel->send(what, std::move(along));
  };
  reception = std::make_shared<usher>(executor, std::move(how));
  if (settings.schedule == schedule::reuse_port) return prepare_slots();
  for (const os::listen_socket& each : listeners) static_cast<void>(schedule_listener(each));
}

// One that came while the cluster runs, or was there when it began.
error_code supervisor::impl::schedule_listener(const os::listen_socket& added) {
  if (!reception) return {};
  const listener& what = added.description();
  os::unique_fd copy = duplicate(added.fd());
  if (!copy) return os::last_error();
  if (settings.schedule == schedule::round_robin) {
    reception->open(reception->add(std::move(copy), what.number, what.name), true);
    return {};
  }
  if (!os::shares_port(added.fd())) return {};
  // In the order of the slots, so that the kernel counts the new group like the others.
  slots.front().by_listener[what.number] = std::move(copy);
  watch_slot(slots.front());
  sockets_of(slot_id{slots.size() - 1});
  steered_to.clear();
  return {};
}

// The sockets of slots that exist already: the first slot's are those that were opened at the start; after an
// adoption each worker has brought its own.
void supervisor::impl::prepare_slots() {
  if (slots.empty()) slots.emplace_back();
  for (const os::listen_socket& each : listeners) {
    if (!os::shares_port(each.fd())) continue;
    const std::uint64_t number = each.description().number;
    const auto holds = [number](const slot_sockets& one) { return one.by_listener.contains(number); };
    if (std::ranges::none_of(slots, holds)) slots.front().by_listener[number] = duplicate(each.fd());
    // The kernel counts them as they were opened; what was closed in between has changed its count.
    const auto missing = std::ranges::find_if_not(slots, holds);
    if (std::any_of(missing, slots.end(), holds)) steering = false;
    if (!steering) os::unsteer(each.fd());
  }
  for (slot_sockets& each : slots) watch_slot(each);
}

void supervisor::impl::watch_slot(slot_sockets& one) {
  for (const os::listen_socket& each : listeners) {
    const std::uint64_t number = each.description().number;
    const auto own = one.by_listener.find(number);
    if (own == one.by_listener.end() || one.sources.contains(number)) continue;
    one.sources[number] = reception->add(duplicate(own->second.get()), number, each.description().name);
  }
}

// A slot's sockets stay, whatever becomes of its workers and of the slot: nothing that waits in their queues
// is ever lost.
supervisor::impl::slot_sockets* supervisor::impl::sockets_of(slot_id slot) {
  if (!reception || settings.schedule != schedule::reuse_port) return nullptr;
  while (slots.size() <= slot.value) slots.emplace_back();
  for (std::size_t s = 0; s <= slot.value; ++s) {
    slot_sockets& one = slots[s];
    for (const os::listen_socket& each : listeners) {
      const listener& what = each.description();
      if (!os::shares_port(each.fd()) || one.by_listener.contains(what.number)) continue;
      os::unique_fd fresh;
      if (const error_code ec = os::listen_beside(each.fd(), settings.backlog, fresh)) {
        settings.log(log_level::error, "no socket of its own for slot " + std::to_string(s) + " at " +
                                           what.uri + ": " + ec.message());
        steering = false;  // the kernel's count of them would not be that of the slots
        os::unsteer(each.fd());
        continue;
      }
      one.by_listener[what.number] = std::move(fresh);
    }
    watch_slot(one);
  }
  return &slots[slot.value];
}

os::unique_fd supervisor::impl::listener_for(const worker_process& process, const listener& which) {
  if (const slot_sockets* own = sockets_of(process.slot))
    if (const auto found = own->by_listener.find(which.number); found != own->by_listener.end())
      return duplicate(found->second.get());
  return duplicate(which.native_handle);
}

// After each change in the fleet. Slots that nobody serves get no new connections, and what their queues hold
// already is handed to the others.
void supervisor::impl::sync_schedule() {
  if (!reception || !running) return;
  for (const auto& [id, process] : workers) {
    const bool takes =
        fleet->is_ready(id) && !process->paused && process->welcomed && process->channel->is_open();
    if (takes) reception->serve(id, process->slot);
    else reception->leave(id);
  }
  if (settings.schedule != schedule::reuse_port || fleet->stopping()) return;
  std::vector<std::size_t> served;
  for (std::size_t s = 0; s < slots.size(); ++s) {
    const bool here = reception->turns().serves(slot_id{s});
    if (here) served.push_back(s);
    for (const auto& [number, source] : slots[s].sources)
      reception->open(source, !here && reception->turns().anybody());
  }
  if (!steering || served.empty() || served == steered_to) return;
  steered_to = served;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (!os::shares_port(listeners[i].fd())) continue;
    if (const error_code ec = os::steer(listeners[i].fd(), served)) {
      settings.log(log_level::warning,
                   "connections for slots without a worker pass through the supervisor: " + ec.message());
      steering = false;
      return;
    }
  }
}

// True: it was an answer to an offer of ours.
bool supervisor::impl::on_answer(worker_id id, const ipc::message& what) {
  if (!reception) return false;
  if (const auto* taken = std::get_if<ipc::taken>(&what)) return reception->on_taken(id, taken->number);
  if (const auto* declined = std::get_if<ipc::declined>(&what))
    return reception->on_declined(id, declined->number);
  return false;
}

// What waits is still answered: it was accepted before the end was decided.
void supervisor::impl::settle_schedule() {
  if (reception && !fleet->stopping()) reception->settle();
}

void supervisor::impl::end_schedule() noexcept {
  if (reception) reception->close();
  reception.reset();
  slots.clear();
  steered_to.clear();
  steering = true;
}

// What the workers of a dead supervisor have brought along.
void supervisor::impl::adopt_slots() {
  if (settings.schedule != schedule::reuse_port) return;
  for (const returned_worker& each : returned) {
    const std::size_t slot = each.report.slot.value;
    if (slot >= os::load_board::slots) continue;
    while (slots.size() <= slot) slots.emplace_back();
    for (std::size_t i = 0; i < each.listeners.size(); ++i) {
      const std::uint64_t number = each.report.listeners[i].number;
      if (os::shares_port(each.listeners[i].get()) && !slots[slot].by_listener.contains(number))
        slots[slot].by_listener[number] = duplicate(each.listeners[i].get());
    }
  }
}

}  // namespace cluster
