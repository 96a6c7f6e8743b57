// SPDX-License-Identifier: BSL-1.0
#include "policy/watchdog.hpp"
#include "supervisor/impl.hpp"

#include <fcntl.h>

#include <algorithm>
#include <string_view>
#include <variant>

namespace cluster {

void supervisor::impl::converse(worker_id id, worker_process& process) {
  if (process.channel)
    process.channel->start(
        [weak = weak_from_this(), id](const ipc::message& what, std::vector<os::unique_fd> descriptors) {
          if (const auto self = weak.lock()) self->on_message(id, what, std::move(descriptors));
        },
        [weak = weak_from_this(), id](error_code why) {
          if (const auto self = weak.lock()) self->on_channel_end(id, why);
        });
  process.child.wait([weak = weak_from_this(), id](const exit_status& status) {
    if (const auto self = weak.lock()) self->on_exit(id, status);
  });
}

void supervisor::impl::on_message(worker_id id, const ipc::message& what,
                                  std::vector<os::unique_fd> descriptors) {
  worker_process* process = find(id);
  if (process == nullptr || !running) return;
  if (on_answer(id, what)) return;
  const auto now = clock::now();
  const auto* letter = std::get_if<ipc::note>(&what);
  // What the application has asked for may come as fast as it can be read; the rest is counted.
  const bool wanted = letter != nullptr && process->welcomed &&
                      (letter->peer != supervisor_id || post.has_handler(letter->what));
  if (!wanted && !process->budget.spend(now)) return break_off(id, "it floods its channel");
  if (letter != nullptr && process->welcomed) return on_note(id, *letter, std::move(descriptors));
  if (!descriptors.empty()) return break_off(id, "it sent descriptors that nobody asked for");
  if (const auto* hello = std::get_if<ipc::hello>(&what)) {
    if (process->welcomed) return break_off(id, "it said hello twice");
    if (hello->protocol != ipc::protocol_version)
      return break_off(id, "it speaks protocol version " + std::to_string(hello->protocol) +
                               ", this supervisor version " + std::to_string(ipc::protocol_version));
    if (hello->worker != id) return break_off(id, "it says that it is another worker");
    process->end_yielding();
    welcome(id, *process);
    return apply(fleet->hello(id, now));
  }
  if (!process->welcomed) return break_off(id, "it did not say hello first");
  if (std::holds_alternative<ipc::ready>(what)) {
    apply(fleet->ready(id, now));
    if (running && fleet->is_ready(id)) watch(id);
    if (running && recycling.active()) look_for_worn();  // from here on its age counts
    return;
  }
  // Late, or of something that was never offered: of no use to anybody, and counted above.
  if (std::holds_alternative<ipc::taken>(what) || std::holds_alternative<ipc::declined>(what)) return;
  if (std::holds_alternative<ipc::draining>(what)) {
    forget(id);
    return apply(fleet->draining(id, now));
  }
  if (const auto* done = std::get_if<ipc::done>(&what)) {
    tally.connections_moved += done->moved;
    tally.requests_finished += done->finished;
    return apply(fleet->done(id, now));
  }
  if (const auto* answer = std::get_if<ipc::listener_answer>(&what))
    return on_listener_answer(id, *process, *answer);
  if (const auto* wish = std::get_if<ipc::replace_me>(&what))
    return apply(fleet->recycle(id, "by its own wish, " + wish->why, now));
  if (const auto* failed = std::get_if<ipc::handler_failure>(&what)) {
    fleet->explain(id, failed->where + ": " + failed->what);
    event reported;
    reported.kind = event_kind::handler_failed;
    reported.worker = id;
    reported.slot = process->slot;
    reported.generation = process->generation;
    reported.text = failed->where + ": " + failed->what;
    if (failed->suppressed != 0)
      reported.text += " (and " + std::to_string(failed->suppressed) + " more since the last report)";
    return tell(std::move(reported));
  }
  break_off(id, "it sent a message that only a supervisor sends");
}

void supervisor::impl::welcome(worker_id id, worker_process& process) {
  ipc::welcome greeting;
  greeting.worker = id;
  greeting.slot = process.slot;
  greeting.generation = process.generation;
  greeting.name = settings.name;
  greeting.level = settings.log.level;
  greeting.format = settings.log.format;
  greeting.drain_timeout = settings.drain_timeout;
  greeting.probe = settings.probe;
  std::vector<os::unique_fd> copies;
  greeting.schedule = settings.schedule;
  greeting.max_connections = settings.max_connections;
  greeting.max_connections_total = settings.max_connections_total;
  for (const os::listen_socket& each : listeners) {
    greeting.listeners.push_back(each.description());
    copies.push_back(listener_for(process, each.description()));
  }
  greeting.load_board = static_cast<bool>(board);
  if (greeting.load_board) copies.emplace_back(::fcntl(board.fd(), F_DUPFD_CLOEXEC, 3));
  // Without the page the worker serves as well; there is just nothing to see of it.
  greeting.statistics = !process.page.create();
  if (greeting.statistics) copies.emplace_back(::fcntl(process.page.fd(), F_DUPFD_CLOEXEC, 3));
  greeting.tls = secrets.size();
  if (greeting.tls != 0) copies.push_back(secrets.duplicate());
  greeting.trusted_proxies = settings.proxies.trusted;
  greeting.forwarded = static_cast<std::uint64_t>(settings.proxies.forwarded);
  greeting.rendezvous = settings.rendezvous;
  greeting.orphan_timeout = settings.orphan_timeout;
  greeting.request_timeout = settings.request_timeout;
  greeting.heartbeat = policy::watchdog::interval_for(watch_limit(settings));
  for (const os::unique_fd& each : copies) {
    if (each) continue;
    settings.log(log_level::error,
                 "no descriptor is left to pass listeners with: " + os::last_error().message());
    return;  // the worker waits, gives up and is started again later
  }
  process.welcomed = true;
  process.channel->send(greeting, std::move(copies));
}

// Whatever came over the channel, it costs this worker and nothing else.
void supervisor::impl::break_off(worker_id id, std::string_view why) {
  worker_process* process = find(id);
  if (process == nullptr) return;
  settings.log(log_level::error, "worker " + std::to_string(id.value) + " (slot " +
                                     std::to_string(process->slot.value) +
                                     ") broke the protocol: " + std::string(why));
  if (process->channel) process->channel->close();
  lose_mail(id);
  apply(fleet->channel_ended(id, policy::channel_end::broken_protocol, clock::now()));
}

void supervisor::impl::on_channel_end(worker_id id, error_code why) {
  if (!running || find(id) == nullptr) return;
  lose_mail(id);
  if (why == make_error_code(error::channel_closed))
    return apply(fleet->channel_ended(id, policy::channel_end::closed, clock::now()));
  break_off(id, why.message());
}

void supervisor::impl::on_exit(worker_id id, const exit_status& status) {
  worker_process* process = find(id);
  if (process == nullptr || !running) return;
  // The exit may be seen before the last words were read; they come first.
  if (process->channel) process->channel->read_pending();
  else hear_notes();
  const auto found = workers.find(id);
  if (found == workers.end() || !running) return;
  if (found->second->channel) found->second->channel->close();
  else mend_listeners();
  lose_mail(id);
  if (!found->second->said.empty()) fleet->explain(id, "it said: " + found->second->said);
  // Its last lines come before the event of its end.
  if (found->second->out) found->second->out->finish();
  if (found->second->error) found->second->error->finish();
  forget(id);
  // Unless a successor has the slot's entry already, the dead one's load counts no more.
  const auto shares_slot = [&](const auto& other) {
    return other.first != id && other.second->slot == found->second->slot;
  };
  if (std::ranges::none_of(workers, shares_slot)) board.withdraw(found->second->slot.value);
  remember_cpu(*found->second);
  const worker_statistics last = found->second->page.read();
  past += last;
  past_latency += last.latency;
  past_routes.add(found->second->page.read_routes());
  // The process object must outlive the fleet's answer: its pid belongs into the last events.
  apply(fleet->exited(id, status, clock::now()));
  workers.erase(id);
  if (reception) reception->gone(id);
}

}  // namespace cluster
