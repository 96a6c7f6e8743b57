// SPDX-License-Identifier: BSL-1.0
// What is left of a supervisor that died: its workers, its listeners and its notes; and the notes that this
// one leaves.
#include "os/message_socket.hpp"
#include "os/text_file.hpp"
#include "supervisor/homecoming.hpp"
#include "supervisor/impl.hpp"

#include <boost/asio/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

namespace cluster {
namespace {

constexpr std::chrono::milliseconds patience{2000};
constexpr std::chrono::milliseconds longest_patience{12'000};
constexpr std::chrono::milliseconds most_drain{5000};  ///< of workers that nobody can take over

std::string state_file(const options& settings) { return settings.rendezvous + ".state"; }

policy::kept_state read_notes(const options& settings) {
  const std::string text = os::read_text_file(state_file(settings)).value_or("");
  auto kept = policy::parse_kept_state(text);
  return kept && kept->name == settings.name ? std::move(*kept) : policy::kept_state{};
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

// The lock comes first: only its holder touches the other files.
os::failure supervisor::impl::come_home() {
  if (settings.rendezvous.empty()) return {};
  std::error_code ignored;
  // Workers look for it from wherever they are.
  settings.rendezvous = std::filesystem::absolute(settings.rendezvous, ignored).string();
  os::pid_file fresh;
  os::failure refused = fresh.acquire(settings.rendezvous + ".lock");
  if (refused && refused.code != make_error_code(error::owned_elsewhere)) return refused;
  // With the lock or without it: the file may have been removed under a supervisor that lives.
  kept = read_notes(settings);
  if (os::failure failed = outlive_predecessor()) return failed;
  if (refused) refused = fresh.acquire(settings.rendezvous + ".lock");
  if (refused) {
    refused.detail = "another supervisor owns this cluster: " + refused.detail;
    return refused;
  }
  std::destroy_at(&home_lock);
  std::construct_at(&home_lock, std::move(fresh));
  const uid_t own = ::geteuid();
  const uid_t theirs = starter.worker_user().value_or(own);
  if (os::failure failed = home.open(settings.rendezvous, theirs == own ? static_cast<uid_t>(-1) : theirs))
    return failed;
  kept = read_notes(settings);  // whoever held the lock may have written until the end
  if (kept.workers.empty()) return {};
  if (settings.foreign) {
    returned =
        visit_foreign(kept, settings.foreign->stop_signal, std::min(settings.drain_timeout, most_drain));
  } else {
    const callers who{settings.name, {own, theirs}};
    const auto seen = look_at_kept();
    const auto begun = clock::now();
    const auto stands = [&](const absent_worker& each) {
      return stood_meanwhile(seen, each, clock::now() - begun) >= patience / 4;
    };
    homecoming came = welcome_home(home, kept, who, {patience, patience});
    // Who does not run cannot call; only if all of them stand by their own fault it is no use to wait.
    if (came.returned.empty() && !std::ranges::all_of(came.absent, stands))
      came = welcome_home(home, kept, who, {patience, longest_patience - patience});
    returned = std::move(came.returned);
    const auto rescue = [this](const absent_worker& from) { return rescue_listeners(from); };
    if (!returned.empty() || std::ranges::any_of(came.absent, rescue) ||
        std::ranges::any_of(came.leaving, rescue))
      note_absent(std::move(came.absent), seen, clock::now() - begun);
    else end_absent(came.absent);
    note_leaving(std::move(came.leaving));
  }
  if (!returned.empty() && kept.schedule != settings.schedule) {
    settings.log(log_level::warning, "the schedule was changed; that of the workers that live on is kept: " +
                                         std::string(to_string(kept.schedule)));
    settings.schedule = kept.schedule;
  }
  // After an exec they are our children; those that ended in between wait for nobody else.
  for (const policy::kept_worker& each : kept.workers)
    if (std::ranges::none_of(returned,
                             [&](const returned_worker& other) { return other.report.worker == each.id; }))
      ::waitpid(static_cast<pid_t>(each.pid), nullptr, WNOHANG);
  return {};
}

// Together the workers have them all; those of one that drains are closed already, and one that was just
// added may not have reached everybody.
void supervisor::impl::take_listeners(std::vector<os::listen_socket>& into) {
  std::map<std::uint64_t, os::listen_socket> taken;
  for (os::listen_socket& each : rescued) taken.emplace(each.description().number, std::move(each));
  rescued.clear();
  for (returned_worker& each : returned)
    for (std::size_t i = 0; i < each.listeners.size(); ++i) {
      const listener& described = each.report.listeners[i];
      if (!each.listeners[i] || taken.contains(described.number)) continue;
      os::listen_socket socket;
      if (os::adopt_listener(std::move(each.listeners[i]), described, made_here(described), socket)) continue;
      taken.emplace(described.number, std::move(socket));
    }
  if (taken.empty()) return;
  if (kept.listen != settings.listen)
    settings.log(log_level::warning,
                 "the addresses to listen on were changed; those of the workers that live on are kept");
  for (auto& [number, socket] : taken) {
    if (std::ranges::find(kept.leaving, number) == kept.leaving.end()) {
      into.push_back(std::move(socket));
      continue;
    }
    leaving_listener& one = leaving.emplace_back();
    one.socket = std::move(socket);
    one.by = std::make_shared<listener_removal>();
    one.by->open = 1;
    one.until = clock::time_point::max();  // it waits until this supervisor has begun; see go_on_leaving
  }
}

// Files of sockets that this cluster has made are its to remove; those of passed ones are not.
bool supervisor::impl::made_here(const listener& described) const {
  if (!settings.foreign) return !described.inherited;
  return std::ranges::any_of(kept.listen, [&](const std::string& listen) {
    std::string ignored;
    const auto at = os::parse_listen_address(listen, ignored);
    return at && at->what == os::listen_address::kind::unix_socket && "unix:" + at->path == described.uri;
  });
}

// What a worker has not heard of before its supervisor died, it hears now.
void supervisor::impl::complete_listeners(const ipc::report& of) {
  worker_process* process = find(of.worker);
  if (process == nullptr || (of.state != worker_state::starting && of.state != worker_state::ready)) return;
  std::vector<listener> missing;
  for (const os::listen_socket& each : listeners) {
    const listener& mine = each.description();
    if (std::ranges::find(of.listeners, mine.number, &listener::number) == of.listeners.end())
      missing.push_back(mine);
    else if (of.state == worker_state::ready) process->listens_at.insert(mine.number);
  }
  give_listeners(of.worker, *process, missing);
}

void supervisor::impl::adopt_workers(clock::time_point now) {
  std::vector<policy::found_worker> found;
  starter.rename_newest(kept.newest);
  for (returned_worker& each : returned) {
    const ipc::report& said = each.report;
    auto made = std::make_unique<worker_process>(executor, said.slot, said.generation,
                                                 std::move(each.process), std::move(each.socket));
    worker_process& one = *made;
    one.start = each.start;
    one.welcomed = one.channel != nullptr;
    if (each.page) static_cast<void>(one.page.adopt(std::move(each.page)));
    starter.adopt(settings, said.generation, one.child.pid());
    found.push_back(
        {said.worker, said.slot, said.generation, said.state, now - os::age_of_process(each.start)});
    workers.emplace(said.worker, std::move(made));
    converse(said.worker, one);
    if (one.channel)
      one.channel->send(ipc::adopted{settings.drain_timeout,
                                     policy::watchdog::interval_for(watch_limit(settings)),
                                     settings.orphan_timeout});
  }
  pass_tls_on();
  last_sequence = kept.sequence;
  past = kept.past;
  past_routes.add(kept.routes);
  const bool interrupted = kept.rolling && !returned.empty();  // else all that start are of the newest
  settings.log(log_level::info,
               "took over " + std::to_string(returned.size()) + " of " +
                   std::to_string(std::ranges::count(kept.workers, 0U, &policy::kept_worker::leaves_by)) +
                   " workers");
  for (const returned_worker& each : returned) complete_listeners(each.report);
  returned.clear();
  apply(fleet->adopt(kept, found, now));
  go_on_leaving();
  for (const policy::found_worker& each : found)
    if (running && !settings.foreign && fleet->is_ready(each.id)) watch(each.id);
  watch_absent();
  if (!running || (!interrupted && !fleet->mixed())) return;
  settings.log(log_level::warning, "a roll-out was interrupted; all slots are replaced now");
  reload({}, [](error_code, const reload_report&) {});
}

// Who comes when everything is settled has no place any more, and is told so.
void supervisor::impl::await_latecomers() {
  if (home.fd() < 0) return;
  if (!late) late.emplace(executor, ::fcntl(home.fd(), F_DUPFD_CLOEXEC, 3));
  late->async_wait(late->wait_read, [weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self || !self->running) return;
    os::caller from;
    error_code failed;
    while (!(failed = self->home.accept(from))) self->send_away(from);
    if (failed == boost::asio::error::would_block) return self->await_latecomers();
    // No descriptor is left; who calls stays in the queue meanwhile.
    auto pause = std::make_shared<boost::asio::steady_timer>(self->executor, std::chrono::milliseconds(100));
    pause->async_wait([weak, pause](const error_code& cancelled) {
      const auto later = weak.lock();
      if (!cancelled && later && later->running) later->await_latecomers();
    });
  });
}

void supervisor::impl::send_away(const os::caller& from) {
  std::vector<std::byte> data;
  ipc::encode(ipc::drain{exit_reason::orphaned, std::chrono::milliseconds(0), settings.drain_timeout}, 0,
              data);
  static_cast<void>(os::send_message(from.socket.get(), data, {}));
  let_leave(from.pid);
  settings.log(log_level::warning, "process " + std::to_string(from.pid) +
                                       " calls as a worker of before, too late; it is sent away");
}

// Written anew when something has changed, by rename: whoever reads it finds one state or another.
void supervisor::impl::save() {
  if (home.fd() < 0 || !fleet) return;
  policy::kept_state now = fleet->keep();
  now.name = settings.name;
  now.listen = settings.listen;
  for (const os::listen_socket& each : listeners) {
    const listener& known = each.description();
    now.listeners.push_back({known.name, known.uri, known.tls, known.proxy, known.inherited, known.number});
  }
  now.configured = settings.workers;
  now.schedule = settings.schedule;
  now.last_listener = last_listener;
  for (const leaving_listener& each : leaving) now.leaving.push_back(each.socket.description().number);
  now.sequence = last_sequence;
  now.past = past;
  now.routes = past_routes.list();
  now.configured_most = settings.max_workers;
  now.scaling = scaling.range();
  now.supervisor = static_cast<std::uint64_t>(::getpid());
  now.supervisor_start = own_start;
  for (policy::kept_worker& each : now.workers) {
    worker_process* const process = find(each.id);
    if (process == nullptr) continue;
    each.pid = static_cast<std::uint64_t>(process->child.pid());
    if (process->start == 0) process->start = os::start_of_process(process->child.pid()).value_or(0);
    each.start = process->start;
  }
  keep_absent(now);
  std::string text = policy::to_text(now);
  if (text == saved) {
    save_failed = false;
    return;
  }
  const std::string path = state_file(settings);
  const os::unique_fd file(::open((path + ".new").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file || !write_all(file.get(), text) || ::rename((path + ".new").c_str(), path.c_str()) != 0) {
    if (!std::exchange(save_failed, true))
      settings.log(log_level::error,
                   path + ": " + os::last_error().message() +
                       "; if this supervisor dies, the next one cannot take its workers over");
    return save_later();
  }
  if (std::exchange(save_failed, false)) settings.log(log_level::info, path + " is written again");
  saved = std::move(text);
}

// Disks are emptied, and nothing may happen in the cluster for hours after that.
void supervisor::impl::save_later() {
  auto pause = std::make_shared<boost::asio::steady_timer>(executor, std::chrono::seconds(1));
  if (std::exchange(saves_later, true)) return;
  pause->async_wait([weak = weak_from_this(), pause](const error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    self->saves_later = false;
    if (self->running && self->save_failed) self->save();
  });
}

// A worker that holds the listeners has to be there: with this process its own go.
error_code supervisor::impl::prepare_successor() {
  if (!running || fleet->stopping()) return make_error_code(error::not_running);
  if (home.fd() < 0) return make_error_code(error::invalid_options);
  if (fleet->rolling()) return make_error_code(error::reload_running);
  if (fleet->ready_count() == 0) return make_error_code(error::worker_unavailable);
  save();
  return save_failed ? make_error_code(error::launch_failed) : error_code();
}

void supervisor::impl::leave_home() noexcept {
  if (home.fd() < 0) return;
  late.reset();
  home.close();
  // Those who came and were not taken over wait for somebody else, who will need the notes.
  if (returned.empty()) ::unlink(state_file(settings).c_str());
  std::destroy_at(&home_lock);
  std::construct_at(&home_lock);
  saved.clear();
}

}  // namespace cluster
