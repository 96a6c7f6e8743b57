// SPDX-License-Identifier: BSL-1.0
#include "os/message_socket.hpp"
#include "supervisor/impl.hpp"

#include <boost/asio/error.hpp>

#include <signal.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

namespace cluster {

// Carrying one action out may report the next event at once (a launch that fails), so actions queue up
// and only the outermost call works the queue: each list stays in its order.
void supervisor::impl::apply(policy::actions list) {
  for (policy::action& each : list) pending.push_back(std::move(each));
  if (std::exchange(applying, true)) return;
  while (!pending.empty()) {
    const policy::action next = std::move(pending.front());
    pending.pop_front();
    std::visit([this](const auto& what) { perform(what); }, next);
  }
  applying = false;
  if (!running) return;
  if (scale_handler && fleet->ready_count() == fleet->target() && fleet->alive_count() == fleet->target())
    settle_scale({});
  settle_restarts();
  settle_listeners();
  sync_schedule();
  save();
  arm_timer();
}

void supervisor::impl::perform(const policy::launch_worker& what) {
  os::give_way();  // this follows the end of another one, with its own share of work
  os::launched_process process;
  os::unique_fd socket;
  output_pipes pipes;
  const foreign_start around = settings.foreign ? surroundings() : foreign_start();
  launcher::order order{what.id, what.slot, what.generation, what.last_good};
  if (settings.foreign) order.foreign = &around;
  const os::failure failed =
      starter.launch(settings.name, order, process, socket, settings.capture_output ? &pipes : nullptr);
  // A deployer that writes in place is still at it; it will not take long.
  if (failed && failed.code.value() == ETXTBSY && busy_launches[what.id]++ < 50) return retry_launch(what);
  busy_launches.erase(what.id);
  os::unique_fd from_node;
  if (settings.foreign) from_node = std::exchange(socket, os::unique_fd());
  if (failed) return apply(fleet->launch_failed(what.id, failed.detail, clock::now()));
  auto made = std::make_unique<worker_process>(executor, what.slot, what.generation, std::move(process),
                                               std::move(socket));
  worker_process& one = *made;
  workers.emplace(what.id, std::move(made));
  if (one.yields) limit_yielding(what.id, one);
  converse(what.id, one);
  if (from_node) listen_to_node(what.id, one, std::move(from_node));
  if (pipes.out) capture(what.id, one, std::move(pipes));
  apply(fleet->launched(what.id, clock::now()));
  // It has its listeners from the start, and nothing else to say before it is ready.
  if (settings.foreign && running) apply(fleet->hello(what.id, clock::now()));
}

// What takes long to start is not to starve behind those that serve.
void supervisor::impl::limit_yielding(worker_id id, worker_process& process) {
  process.yields_for.expires_after(std::chrono::milliseconds(50));
  process.yields_for.async_wait([weak = weak_from_this(), id](const error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    if (worker_process* const one = self->find(id); one != nullptr) one->end_yielding();
  });
}

void supervisor::impl::retry_launch(const policy::launch_worker& what) {
  auto pause = std::make_shared<boost::asio::steady_timer>(executor, std::chrono::milliseconds(100));
  pause->async_wait([weak = weak_from_this(), pause, what](const error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self || !self->running) return;
    self->apply({what});
  });
}

void supervisor::impl::perform(const policy::drain_worker& what) {
  worker_process* process = find(what.id);
  if (process == nullptr) return;
  let_go_on(what.id);
  forget(what.id);  // from here on its drain has a deadline
  if (!process->channel) return signal(what.id, settings.foreign->stop_signal);
  const auto left = [now = clock::now()](policy::time_point until) {
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(until - now),
                    std::chrono::milliseconds(0));
  };
  // A failed send ends the channel, and the fleet hears of that.
  process->channel->send(ipc::drain{what.reason, left(what.soft_deadline), left(what.hard_deadline)},
                         draw_lines(what.heirs));
}

void supervisor::impl::perform(const policy::appoint_heirs& what) {
  worker_process* process = find(what.from);
  if (process == nullptr || !process->channel) return;
  std::vector<os::unique_fd> lines = draw_lines(what.heirs);
  if (!lines.empty()) process->channel->send(ipc::heirs{}, std::move(lines));
}

// A line of its own from the draining worker to each heir: connections move without passing through here,
// and a stalled supervisor stalls none of them. Without descriptors left the connections end announced.
std::vector<os::unique_fd> supervisor::impl::draw_lines(const std::vector<worker_id>& heirs) {
  constexpr std::size_t most = 64;
  std::vector<os::unique_fd> lines;
  for (const worker_id id : heirs) {
    worker_process* heir = find(id);
    if (heir == nullptr || !heir->welcomed || lines.size() == most) continue;
    os::unique_fd giving;
    std::vector<os::unique_fd> taking(1);
    if (os::make_message_pair(giving, taking.front())) break;
    if (!heir->channel->send(ipc::adopt{}, std::move(taking))) lines.push_back(std::move(giving));
  }
  return lines;
}

void supervisor::impl::perform(const policy::terminate_worker& what) {
  signal(what.id, SIGTERM);
  let_go_on(what.id);
}
void supervisor::impl::perform(const policy::abort_worker& what) { signal(what.id, SIGABRT); }
void supervisor::impl::perform(const policy::kill_worker& what) { signal(what.id, SIGKILL); }

error_code supervisor::impl::kill(worker_id id, int number) {
  if (!running) return make_error_code(error::not_running);
  worker_process* process = find(id);
  if (process == nullptr || number < 1 || number > 64) return make_error_code(error::worker_unavailable);
  process->child.signal(number);
  return {};
}

error_code supervisor::impl::pause(worker_id id, bool on) {
  if (!running) return make_error_code(error::not_running);
  worker_process* process = find(id);
  if (process == nullptr || (on && !fleet->is_ready(id))) return make_error_code(error::worker_unavailable);
  if (std::exchange(process->paused, on) == on) return {};
  process->child.signal(on ? SIGSTOP : SIGCONT);
  if (on) {
    forget(id);
    board.withdraw(process->slot.value);
  } else if (fleet->is_ready(id)) {
    watch(id);
  }
  sync_schedule();
  return {};
}

void supervisor::impl::let_go_on(worker_id id) {
  worker_process* process = find(id);
  if (process != nullptr && process->paused) static_cast<void>(pause(id, false));
}

void supervisor::impl::signal(worker_id id, int number) {
  if (worker_process* process = find(id)) process->child.signal(number);
}

void supervisor::impl::perform(const policy::publish& what) {
  const worker_process* const process = find(what.what.worker);
  if (what.what.kind == event_kind::ready && process != nullptr)
    for (const route_traffic& each : process->page.read_routes()) past_routes.know(each.route);
  if (what.what.kind == event_kind::ready) tell_listening_everywhere(what.what.worker);
  tell(what.what);
  // From here on the age of a worker counts that is ready by its age.
  if (what.what.kind == event_kind::ready && settings.foreign && running && recycling.active())
    look_for_worn();
}

void supervisor::impl::perform(const policy::finish& what) {
  running = false;
  flush_output();
  work = {};
  timer.cancel();
  watch_timer.cancel();
  recycle_timer.cancel();
  scale_timer.cancel();
  tls_timer.cancel();
  abort_listeners();
  post.asked.fail_all(boost::asio::error::operation_aborted);
  end_schedule();
  workers.clear();
  dismiss_absent();
  listeners.clear();
  stop_notes();
  leave_home();
  std::destroy_at(&lock);
  std::construct_at(&lock);
  opened = false;
  error_code ec;
  switch (what.how) {
    case policy::finish::outcome::clean: break;
    case policy::finish::outcome::never_ready: ec = make_error_code(error::never_ready); break;
    case policy::finish::outcome::failed: ec = make_error_code(error::workers_failed); break;
  }
  failure_text = what.reason;
  settle_scale(boost::asio::error::operation_aborted);
  abort_restarts();
  for (handler_type& each : stop_handlers) complete(std::move(each), {});
  stop_handlers.clear();
  complete(run_handler.take(), ec);
}

void supervisor::impl::settle_scale(error_code ec) {
  if (scale_handler) complete(scale_handler.take(), ec);
}

void supervisor::impl::settle_restarts() {
  if (fleet->stopping()) return abort_restarts();
  restart_waiters.remove_if([this](restart_waiter& each) {
    if (fleet->being_replaced(each.worker)) return false;
    complete(std::move(each.handler),
             fleet->alive(each.worker) ? make_error_code(error::launch_failed) : error_code());
    return true;
  });
}

void supervisor::impl::abort_restarts() {
  for (restart_waiter& each : restart_waiters)
    complete(std::move(each.handler), boost::asio::error::operation_aborted);
  restart_waiters.clear();
}

void supervisor::impl::arm_timer() {
  const auto next = fleet->next_deadline();
  if (!next) {
    timer.cancel();
    timer_armed = false;
    return;
  }
  if (timer.expiry() == *next && timer_armed) return;
  timer.expires_at(*next);
  timer_armed = true;
  timer.async_wait([weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self || !self->running) return;
    self->timer_armed = false;
    self->apply(self->fleet->tick(clock::now()));
  });
}

void supervisor::impl::tell(event what) {
  if (const worker_process* process = find(what.worker)) what.pid = process->child.pid();
  remember(what);
  std::string line;
  const log_level level = describe(what, line);
  settings.log(level, line);
  std::erase_if(observers, [](const auto& each) { return each.expired(); });
  // Copies: an observer may set another one, or add and remove some.
  const auto others = observers;
  call(supervisor::observer(observer), what);
  for (const auto& each : others)
    if (const auto one = each.lock()) call(*one, what);
}

// Observers see the event as it is; what they throw is theirs, not the supervisor's end.
void supervisor::impl::call(const supervisor::observer& one, const event& what) const {
  if (!one) return;
  try {
    one(what);
  } catch (const std::exception& problem) {
    settings.log(log_level::error, std::string("the event observer threw: ") + problem.what());
  } catch (...) {
    settings.log(log_level::error, "the event observer threw something that is no std::exception");
  }
}

}  // namespace cluster
