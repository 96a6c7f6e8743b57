// SPDX-License-Identifier: BSL-1.0
#include "supervisor/impl.hpp"

#include "os/cpu_count.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <random>

namespace cluster {
namespace {

policy::fleet_settings fleet_settings(const options& settings) {
  policy::fleet_settings result;
  result.workers = settings.workers != 0 ? settings.workers : os::usable_cpus();
  result.ready_timeout = settings.ready_timeout;
  result.drain_timeout = settings.drain_timeout;
  result.kill_timeout = settings.kill_timeout;
  result.hang_core = settings.hang_core;
  if (settings.foreign && !settings.foreign->wait_ready) result.ready_after = settings.foreign->ready_after;
  result.restart = settings.restart;
  result.seed = std::random_device{}();
  return result;
}

// A host that ignores SIGCHLD makes the kernel throw exit statuses away.
bool exit_statuses_are_lost() {
  struct sigaction current {};
  return ::sigaction(SIGCHLD, nullptr, &current) == 0 &&
         (current.sa_handler == SIG_IGN || (current.sa_flags & SA_NOCLDWAIT) != 0);
}

}  // namespace

// Numbered from 1, named from 0: "tcp-0".
void name_listeners(std::vector<os::listen_socket>& listeners, std::uint64_t& last_number) {
  const auto known = [&](const std::string& name) {
    return std::ranges::any_of(listeners, [&](const auto& each) { return each.description().name == name; });
  };
  for (os::listen_socket& one : listeners) {
    const listener& each = one.description();
    if (each.number == 0) one.set_number(++last_number);
    if (!each.name.empty()) continue;
    const char* const plain = each.kind == listener::family::tcp ? "tcp-" : "unix-";
    const std::string family = each.tls ? "tls-" : plain;
    std::uint64_t number = each.number - 1;
    while (known(family + std::to_string(number))) ++number;
    one.set_name(family + std::to_string(number));
  }
}

supervisor::impl::impl(executor_type executor_in, options settings_in)
    : executor(std::move(executor_in)),
      settings(std::move(settings_in)),
      post(executor),
      listener_timer(executor),
      timer(executor),
      watch_timer(executor),
      dog(watch_limit(settings)),
      recycle_timer(executor),
      recycling({settings.max_requests, settings.max_age, settings.max_rss, settings.max_rss_hard},
                std::random_device{}()),
      scale_timer(executor),
      scaling(policy::scaler({settings.max_workers == 0 ? 0 : settings.workers, settings.max_workers})),
      tls_timer(executor) {
  post.on_exception = [this](const std::string& where, const std::string& what) {
    settings.log(log_level::error, "the " + where + " threw: " + what);
  };
}

os::failure supervisor::impl::open() {
  if (opened) return {};
  if (os::failure failed = starter.prepare(settings)) return failed;
  if (os::failure failed = load_tls(settings)) return failed;
  os::pid_file pid_file;
  if (!settings.pid_file.empty())
    if (os::failure failed = pid_file.acquire(settings.pid_file)) return failed;
  if (os::failure failed = come_home()) return failed;
  std::vector<os::listen_socket> bound;
  adopt_slots();
  take_listeners(bound);
  // Workers that serve know all listeners, also that there are none any more.
  const auto serves = [](const returned_worker& each) {
    return each.report.state == worker_state::starting || each.report.state == worker_state::ready;
  };
  std::vector<std::string> to_store;
  if (!bound.empty() || (!settings.foreign && std::ranges::any_of(returned, serves)))
    to_store = recall_store_names(bound);
  else if (os::failure failed = open_addresses(bound, to_store)) return failed;
  if (secrets.size() == 0)
    if (os::failure failed = need_no_tls(bound)) return failed;
  // Workers serve without it, only less evenly, so a failure here is none of the whole.
  os::load_board fresh;
  for (returned_worker& each : returned)
    if (each.board && !fresh) static_cast<void>(fresh.attach(std::move(each.board)));
  if (fresh || !fresh.create()) board = std::move(fresh);
  for (const returned_worker& each : returned)
    if (each.secrets) secrets.take_tickets(each.secrets.get(), each.report.tls);
  last_listener = kept.last_listener;
  for (const os::listen_socket& each : bound)
    last_listener = std::max(last_listener, each.description().number);
  name_listeners(bound, last_listener);
  store_names.clear();
  for (std::size_t i = 0; i < to_store.size(); ++i)
    if (!to_store[i].empty()) store_names.emplace(bound[i].description().number, std::move(to_store[i]));
  if (settings.foreign)
    if (os::failure failed = prepare_for_foreign(bound)) return failed;
  listeners = std::move(bound);
  std::destroy_at(&lock);
  std::construct_at(&lock, std::move(pid_file));
  opened = true;
  return {};
}

void supervisor::impl::run(handler_type handler) {
  if (running || run_handler) return complete(std::move(handler), make_error_code(error::already_running));
  failure_text.clear();
  if (os::failure failed = open()) {
    failure_text = std::move(failed.detail);
    return complete(std::move(handler), failed.code);
  }
  if (exit_statuses_are_lost())
    settings.log(log_level::warning, "this program ignores SIGCHLD, so exit statuses of workers are lost");
  auto slot = boost::asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected())
    slot.assign([weak = weak_from_this()](boost::asio::cancellation_type type) {
      const auto self = weak.lock();
      if (!self || type == boost::asio::cancellation_type::none) return;
      const bool hard =
          (type & boost::asio::cancellation_type::terminal) != boost::asio::cancellation_type::none;
      // From the loop: the slot is emitted from wherever the user is.
      boost::asio::post(self->executor,
                        [self, hard] { self->stop(hard ? stop_mode::fast : stop_mode::graceful, {}); });
    });
  run_handler.put(std::move(handler));
  running = true;
  started = clock::now();
  work = boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked);
  policy::fleet_settings plan = fleet_settings(settings);
  // It may have been scaled since; unless somebody wants another number now, that one holds.
  const bool follows = !returned.empty() || !absent.empty();
  const bool as_before = kept.configured == settings.workers && kept.configured_most == settings.max_workers;
  if (follows && as_before) {
    plan.workers = kept.target;
    scaling.set(kept.scaling);
  }
  fleet.emplace(plan);
  begin_schedule();
  await_latecomers();
  await_notes();
  if (follows) adopt_workers(clock::now());
  else apply(fleet->start(clock::now()));
  if (running) arm_recycling();
  if (running) arm_scaling();
  if (running) arm_ticket_rotation();
}

void supervisor::impl::stop(stop_mode mode, handler_type handler) {
  if (!running) {
    if (handler) complete(std::move(handler), {});
    return;
  }
  if (handler) stop_handlers.push_back(std::move(handler));
  settle_schedule();
  apply(fleet->stop(mode, clock::now()));
}

void supervisor::impl::scale(std::size_t count, handler_type handler) {
  if (!running || fleet->stopping()) return complete(std::move(handler), make_error_code(error::not_running));
  if (count == 0 || count > 1024)
    return complete(std::move(handler), make_error_code(error::invalid_options));
  if (fleet->rolling()) return complete(std::move(handler), make_error_code(error::reload_running));
  settle_scale(boost::asio::error::operation_aborted);
  scaling.set({});
  arm_scaling();
  scale_handler.put(std::move(handler));
  apply(fleet->scale(count, clock::now()));
}

void supervisor::impl::restart(worker_id worker, handler_type handler) {
  if (!running || fleet->stopping()) return complete(std::move(handler), make_error_code(error::not_running));
  if (!fleet->may_restart(worker))
    return complete(std::move(handler), make_error_code(error::worker_unavailable));
  restart_waiters.push_back({worker, std::move(handler)});
  apply(fleet->restart_worker(worker, clock::now()));
}

void supervisor::impl::end(worker_id worker, handler_type handler) {
  if (!running || fleet->stopping()) return complete(std::move(handler), make_error_code(error::not_running));
  if (!fleet->may_end(worker))
    return complete(std::move(handler), make_error_code(error::worker_unavailable));
  restart_waiters.push_back({worker, std::move(handler)});
  apply(fleet->end_worker(worker, clock::now()));
}

cluster_status supervisor::impl::status() const {
  cluster_status result;
  result.name = settings.name;
  result.pid = static_cast<int>(::getpid());
  result.executable = starter.executable();
  result.version = settings.version;
  result.captures_output = settings.capture_output;
  result.schedule = settings.schedule;
  for (const os::listen_socket& each : listeners) {
    result.listeners.push_back(each.description().uri);
    result.listener_names.push_back(each.description().name);
  }
  if (!fleet) return result;
  result.generation = fleet->generation();
  result.target = fleet->target();
  result.ready = fleet->ready_count();
  result.scaling = scaling.range();
  result.stopping = fleet->stopping();
  report_history(result);
  const auto now = clock::now();
  route_ledger routes = past_routes;
  for (const policy::worker_view& each : fleet->view()) {
    const auto found = workers.find(each.id);
    worker_status& one = result.workers.emplace_back();
    one.id = each.id;
    one.slot = each.slot;
    one.generation = each.generation;
    one.pid = found == workers.end() ? 0 : found->second->child.pid();
    one.state = each.state;
    one.hung = each.hung;
    one.uptime = std::chrono::duration_cast<std::chrono::milliseconds>(now - each.since);
    one.restarts = each.restarts;
    if (found == workers.end()) continue;
    one.paused = found->second->paused;
    one.statistics = found->second->page.read();
    routes.add(found->second->page.read_routes());
    result.totals += one.statistics;
    result.totals.connections += one.statistics.connections;
    result.latency += one.statistics.latency;
  }
  result.totals += past;
  result.latency += past_latency;
  result.routes = routes.list();
  return result;
}

int supervisor::impl::duplicate_pidfd(worker_id id) const {
  const auto found = workers.find(id);
  return found == workers.end() ? -1 : ::fcntl(found->second->child.pidfd(), F_DUPFD_CLOEXEC, 0);
}

// The owner went away in the middle: nothing may run on, and no zombie may stay. KILL takes effect within
// moments unless the kernel itself is stuck, and then the deadline ends the wait.
void supervisor::impl::abandon() noexcept {
  observer = nullptr;
  observers.clear();
  timer.cancel();
  watch_timer.cancel();
  recycle_timer.cancel();
  scale_timer.cancel();
  tls_timer.cancel();
  abort_listeners();
  const auto deadline = clock::now() + std::chrono::seconds(2);
  for (auto& [id, process] : workers) process->child.signal(SIGKILL);
  for (auto& [id, process] : workers) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
    pollfd gone{process->child.pidfd(), POLLIN, 0};
    ::poll(&gone, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    exit_status ignored;
    os::collect_status(process->child.pidfd(), ignored);
  }
  end_schedule();
  workers.clear();
  dismiss_absent();
  listeners.clear();
  stop_notes();
  leave_home();
  fleet.reset();
  running = false;
  work = {};
  const error_code aborted = boost::asio::error::operation_aborted;
  if (run_handler) complete(run_handler.take(), aborted);
  for (handler_type& each : stop_handlers) complete(std::move(each), aborted);
  stop_handlers.clear();
  settle_scale(aborted);
  abort_restarts();
  if (reload_handler) complete(reload_handler.take(), aborted, {});
  post.asked.fail_all(aborted);
}

void supervisor::impl::complete(reload_handler_type handler, error_code ec, reload_report report) {
  boost::asio::get_associated_cancellation_slot(handler).clear();
  boost::asio::post(executor, boost::asio::append(std::move(handler), ec, std::move(report)));
}

void supervisor::impl::complete(listener_handler_type handler, error_code ec, listener_change what) {
  boost::asio::get_associated_cancellation_slot(handler).clear();
  boost::asio::post(executor, boost::asio::append(std::move(handler), ec, std::move(what)));
}

void supervisor::impl::complete(handler_type handler, error_code ec) {
  boost::asio::get_associated_cancellation_slot(handler).clear();
  boost::asio::post(executor, boost::asio::append(std::move(handler), ec));
}

worker_process* supervisor::impl::find(worker_id id) {
  const auto found = workers.find(id);
  return found == workers.end() ? nullptr : found->second.get();
}

}  // namespace cluster
