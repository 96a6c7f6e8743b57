// SPDX-License-Identifier: BSL-1.0
// Workers that are not built on the library: what they get, what they say, and what they may spoil.
#include "supervisor/impl.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace cluster {
namespace {

// A program that says it is alive in half of the time it is told, as is custom, is then seen in a quarter of
// the limit: before the watchdog finds its silence worth a word.
std::chrono::milliseconds told_time(std::chrono::milliseconds hang_timeout) { return hang_timeout / 2; }

}  // namespace

os::failure supervisor::impl::prepare_for_foreign(const std::vector<os::listen_socket>& bound) {
  const std::string path = settings.rendezvous.empty() ? "" : settings.rendezvous + ".notify";
  if (os::failure failed = notes.open(path, starter.worker_user().has_value())) return failed;
  // As service managers pass them. Who wants it otherwise says so, and then it is so for all who share them.
  for (const os::listen_socket& each : bound) {
    const int flags = ::fcntl(each.fd(), F_GETFL);
    if (flags < 0 || ::fcntl(each.fd(), F_SETFL, flags & ~O_NONBLOCK) != 0)
      return {os::last_error(), each.description().uri + ": " + os::last_error().message()};
  }
  return {};
}

foreign_start supervisor::impl::surroundings() const {
  foreign_start around;
  for (const os::listen_socket& each : listeners) {
    around.listeners.push_back(each.fd());
    std::string name = each.description().name;
    std::ranges::replace(name, ':', '-');
    around.names += (around.names.empty() ? "" : ":") + name;
  }
  around.notify = notes.address();
  around.node_channel = settings.foreign->node_channel;
  around.watchdog = told_time(settings.hang_timeout);
  // Nobody could take them over, and nobody would ever end them.
  if (settings.rendezvous.empty()) around.parent_death_signal = settings.foreign->stop_signal;
  return around;
}

void supervisor::impl::await_notes() {
  if (notes.fd() < 0) return;
  if (!notes_wait) notes_wait.emplace(executor, ::fcntl(notes.fd(), F_DUPFD_CLOEXEC, 3));
  notes_wait->async_wait(notes_wait->wait_read, [weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self || !self->running) return;
    self->hear_notes();
    if (self->running) self->await_notes();
  });
}

void supervisor::impl::stop_notes() noexcept {
  notes_wait.reset();
  notes.close();
}

// So many in one turn that whoever floods the socket cannot stop the loop.
void supervisor::impl::hear_notes() {
  constexpr int most = 64;
  os::notice one;
  for (int i = 0; i < most && running && !notes.receive(one); ++i) {
    const worker_id from = sender_of(one);
    worker_process* process = find(from);
    if (process == nullptr) continue;
    if (!process->budget.spend(clock::now())) {
      break_off(from, "it floods the notification socket");
      continue;
    }
    heed(*process, from, parse_notification(one.text));
  }
}

// The worker itself, or what it has started in its process group. A sender that is gone already cannot be
// told from a stranger.
worker_id supervisor::impl::sender_of(const os::notice& from) const {
  const uid_t worker_user = starter.worker_user().value_or(::geteuid());
  if (from.pid <= 0 || (from.user != worker_user && from.user != 0)) return {};
  const auto by_pid = [this](pid_t pid) {
    const auto found = std::ranges::find_if(workers, [pid](const auto& each) {
      return !each.second->channel && each.second->child.pid() == pid;
    });
    return found == workers.end() ? worker_id{} : found->first;
  };
  if (const worker_id itself = by_pid(from.pid); itself != worker_id{}) return itself;
  const pid_t group = ::getpgid(from.pid);
  return group > 0 ? by_pid(group) : worker_id{};
}

void supervisor::impl::heed(worker_process& process, worker_id id, const notification& said) {
  const auto now = clock::now();
  if (!said.status.empty()) process.said = said.status;
  if (said.alive && settings.hang_timeout.count() != 0) {
    // The watchdog reads signs of life in a page; who does not know of pages has it written for him.
    if (!process.page && !process.page.create())
      static_cast<void>(process.pen.attach(os::unique_fd(::fcntl(process.page.fd(), F_DUPFD_CLOEXEC, 3))));
    process.pen.show_life(
        0, {static_cast<std::uint64_t>(now.time_since_epoch().count()), process.child.pid()}, {});
  }
  if (said.ready) apply(fleet->ready(id, now));
  if (process.page && running && fleet->is_ready(id) && !dog.watches(id)) watch(id);
  if (said.trouble && running) apply(fleet->hung(id, settings.hang_timeout, said.status, now));
  if (!said.stopping || !running) return;
  forget(id);
  apply(fleet->draining(id, now));
}

// Node's process.send() writes a line of JSON. All that matters here is the word that its process managers
// wait for.
void supervisor::impl::listen_to_node(worker_id id, worker_process& process, os::unique_fd from) {
  process.node =
      std::make_shared<output_tap>(executor, std::move(from),
                                   output_tap::events{[weak = weak_from_this(), id](std::string_view line) {
                                                        const auto self = weak.lock();
                                                        if (line == "\"ready\"" && self && self->running)
                                                          self->apply(self->fleet->ready(id, clock::now()));
                                                      },
                                                      [](std::uint64_t) {}});
  process.node->start();
}

// shutdown(2) on a shared listening socket ends it for everybody. What waited in its queue is lost then; what
// comes later need not be.
void supervisor::impl::mend_listeners() {
  for (const os::listen_socket& each : listeners) {
    if (!os::was_shut_down(each)) continue;
    const error_code ec = os::listen_again(each, settings.backlog);
    settings.log(
        log_level::error,
        each.description().uri +
            ": a worker has shut the shared socket down; a server has to close it, and nothing else" +
            (ec ? "; to listen again failed: " + ec.message() : ". It listens again"));
  }
}

}  // namespace cluster
