// SPDX-License-Identifier: BSL-1.0
#include "supervisor/homecoming.hpp"

#include "os/left_behind.hpp"
#include "os/listen_socket.hpp"
#include "os/message_socket.hpp"

#include <boost/asio/error.hpp>

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <list>
#include <map>
#include <utility>

namespace cluster {
namespace {

using clock_type = std::chrono::steady_clock;

/// Takes the calls and keeps what is good.
class reception {
 public:
  reception(os::rendezvous& at, const policy::kept_state& kept, const callers& who) : at_(at), who_(who) {
    for (const policy::kept_worker& each : kept.workers) {
      const auto pid = static_cast<pid_t>(each.pid);
      if (os::start_of_process(pid) != each.start) continue;
      (each.leaves_by == 0 ? expected_ : leaving_).emplace(pid, each);
    }
  }

  bool complete() const { return expected_.empty(); }
  bool nobody_yet() const { return returned_.empty(); }

  /// Waits for whatever comes next, until then.
  void wait(clock_type::time_point until) {
    std::vector<pollfd> all{{at_.fd(), POLLIN, 0}};
    for (const os::caller& each : waiting_) all.push_back({each.socket.get(), POLLIN, 0});
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_type::now());
    if (::poll(all.data(), all.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <= 0)
      return;
    os::caller fresh;
    error_code ec;
    while (!(ec = at_.accept(fresh)))
      if (std::ranges::count(who_.users, fresh.user) != 0) waiting_.push_back(std::move(fresh));
    if (ec != boost::asio::error::would_block)
      ::poll(nullptr, 0, 10);  // no descriptor is left at this moment
    waiting_.remove_if([this](os::caller& each) { return hear(each); });
    // Some that are expected may have died meanwhile.
    std::erase_if(expected_,
                  [](const auto& each) { return os::start_of_process(each.first) != each.second.start; });
  }

  homecoming take() { return {std::move(returned_), held(expected_), held(leaving_)}; }

 private:
  using known_workers = std::map<pid_t, policy::kept_worker>;

  static std::vector<absent_worker> held(const known_workers& which) {
    std::vector<absent_worker> all;
    for (const auto& [pid, known] : which) {
      os::launched_process process;
      process.pid = pid;
      process.pidfd = os::hold_process(pid);
      // Held first, then looked at: from here on it stays that one.
      if (process.pidfd && os::start_of_process(pid) == known.start)
        all.push_back({known, std::move(process)});
    }
    return all;
  }

  /// True when the call is over, for better or worse.
  bool hear(os::caller& from) {
    os::received_message received;
    const error_code ec = os::receive_message(from.socket.get(), buffer_, received);
    if (ec == boost::asio::error::would_block) return false;
    ipc::decoded incoming;
    if (ec || received.truncated || ipc::decode(std::span(buffer_).first(received.size), incoming))
      return true;
    auto* report = std::get_if<ipc::report>(&incoming.what);
    if (!incoming.known || report == nullptr || !is_ours(from, *report)) return true;
    const std::size_t wanted = report->listeners.size() + (report->load_board ? 1 : 0) +
                               (report->statistics ? 1 : 0) + (report->tls != 0 ? 1 : 0);
    if (received.descriptors.size() != wanted) return true;
    returned_worker one;
    auto next = received.descriptors.begin();
    for (std::size_t i = 0; i < report->listeners.size(); ++i) {
      one.listeners.push_back(std::move(*next++));
      if (report->listeners[i].number == 0) report->listeners[i].number = i + 1;
    }
    if (report->load_board) one.board = std::move(*next++);
    if (report->statistics) one.page = std::move(*next++);
    if (report->tls != 0) one.secrets = std::move(*next++);
    one.report = std::move(*report);
    one.process = {from.pid, std::move(from.pidfd)};
    one.socket = std::move(from.socket);
    one.start = expected_.at(from.pid).start;
    expected_.erase(from.pid);
    returned_.push_back(std::move(one));
    return true;
  }

  bool is_ours(const os::caller& from, const ipc::report& report) const {
    const auto found = expected_.find(from.pid);
    return found != expected_.end() && report.protocol == ipc::protocol_version &&
           report.name == who_.cluster && report.worker == found->second.id &&
           report.slot == found->second.slot && report.generation == found->second.generation;
  }

  os::rendezvous& at_;
  const callers& who_;
  known_workers expected_;
  known_workers leaving_;
  std::list<os::caller> waiting_;
  std::vector<returned_worker> returned_;
  std::array<std::byte, ipc::max_message_size> buffer_{};
};

bool gone_by(const returned_worker& one, clock_type::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_type::now());
  pollfd end{one.process.pidfd.get(), POLLIN, 0};
  return ::poll(&end, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) > 0;
}

void send_signal(const returned_worker& one, int number) {
  ::syscall(SYS_pidfd_send_signal, one.process.pidfd.get(), number, nullptr, 0);
}

}  // namespace

std::vector<returned_worker> visit_foreign(const policy::kept_state& kept, int stop_signal,
                                           std::chrono::milliseconds patience) {
  std::vector<returned_worker> all;
  bool listeners = kept.listen.empty();
  for (const policy::kept_worker& each : kept.workers) {
    os::left_behind found;
    if (os::take_hold(static_cast<pid_t>(each.pid), each.start, found)) continue;
    returned_worker& one = all.emplace_back();
    one.process = std::move(found.process);
    one.start = each.start;
    one.report.worker = each.id;
    one.report.slot = each.slot;
    one.report.generation = each.generation;
    one.report.state = worker_state::ready;
    for (std::size_t i = 0; i < found.listeners.size(); ++i) {
      listener described;
      described.name = found.names[i];
      if (os::describe_listener(found.listeners[i].get(), described)) continue;
      described.number = one.listeners.size() + 1;
      one.report.listeners.push_back(std::move(described));
      one.listeners.push_back(std::move(found.listeners[i]));
    }
    listeners = listeners || !one.listeners.empty();
  }
  if (listeners) return all;
  const auto deadline = clock_type::now() + patience;
  for (const returned_worker& each : all) send_signal(each, stop_signal);
  for (const returned_worker& each : all)
    if (!gone_by(each, deadline)) send_signal(each, SIGKILL);
  for (const returned_worker& each : all) gone_by(each, clock_type::now() + std::chrono::seconds(1));
  return {};
}

homecoming welcome_home(os::rendezvous& at, const policy::kept_state& kept, const callers& who,
                        const homecoming_patience& patience) {
  const auto begun = clock_type::now();
  reception all(at, kept, who);
  while (!all.complete()) {
    const auto deadline = begun + (all.nobody_yet() ? patience.for_the_first : patience.for_the_rest);
    const auto now = clock_type::now();
    if (now >= deadline) break;
    // Nobody calls when one that was expected has died; it is seen soon all the same.
    all.wait(std::min(deadline, now + std::chrono::milliseconds(20)));
  }
  return all.take();
}

}  // namespace cluster
