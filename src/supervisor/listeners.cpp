// SPDX-License-Identifier: BSL-1.0
// Listeners that are added and taken away while the cluster runs.
#include "os/last_connections.hpp"
#include "supervisor/impl.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

namespace cluster {
namespace {

// A handshake takes a round trip; one that had begun when the listener was to go ends within this.
constexpr std::chrono::milliseconds fading_time{500};
constexpr std::chrono::seconds answer_time{10};
constexpr std::chrono::milliseconds look_again{20};

listener without_descriptor(listener what) {
  what.native_handle = -1;
  return what;
}

}  // namespace

os::failure supervisor::impl::open_listener(const std::string& uri, std::vector<listener>& added) {
  const auto refuse = [&](error why, const std::string& reason) {
    return os::failure{make_error_code(why), "listen: '" + uri + "': " + reason};
  };
  std::string why;
  const auto address = os::parse_listen_address(uri, why);
  if (!address)
    return refuse(error::invalid_address, why + "; accepted are " + std::string(os::listen_address_forms));
  if (settings.foreign)
    return refuse(error::invalid_options,
                  "programs that are not built on the library get their listeners when they are started");
  if (address->tls && secrets.size() == 0)
    return refuse(error::invalid_options,
                  "TLS needs a certificate and its key (tls-certificate, tls-key), and there is none");
  const std::size_t before = listeners.size();
  if (os::failure failed = os::open_listeners(
          *address, {settings.backlog, settings.unix_mode, settings.schedule == schedule::reuse_port},
          listeners))
    return {make_error_code(error::bind_failed), std::move(failed.detail)};
  name_listeners(listeners, last_listener);
  const auto take_back = [&] {
    for (; listeners.size() > before; listeners.pop_back()) {
      const std::uint64_t number = listeners.back().description().number;
      if (reception) reception->finish(number);
      for (slot_sockets& each : slots) {
        each.by_listener.erase(number);
        each.sources.erase(number);
      }
    }
  };
  for (const leaving_listener& old : leaving)
    for (std::size_t i = before; i < listeners.size(); ++i)
      if (listeners[i].description().name == old.socket.description().name) {
        take_back();
        return refuse(error::bind_failed, "the listener of that name is being taken away");
      }
  if (listeners.size() > ipc::max_listeners) {
    take_back();
    return refuse(error::invalid_options, "there are " + std::to_string(before) + " listeners already");
  }
  for (std::size_t i = before; i < listeners.size(); ++i) {
    if (const error_code ec = schedule_listener(listeners[i])) {
      take_back();
      return {ec, uri + ": " + ec.message()};
    }
    added.push_back(without_descriptor(listeners[i].description()));
  }
  return {};
}

void supervisor::impl::add_listener(const std::string& uri, listener_handler_type handler) {
  if (!running || fleet->stopping())
    return complete(std::move(handler), make_error_code(error::not_running), {});
  listener_change what;
  if (os::failure failed = open_listener(uri, what.listeners)) {
    what.reason = std::move(failed.detail);
    return complete(std::move(handler), failed.code, std::move(what));
  }
  save();
  listener_arrival& one = arriving.emplace_back();
  one.what = std::move(what);
  one.until = clock::now() + answer_time;
  one.handler.put(std::move(handler));
  for (const listener& each : one.what.listeners) {
    settings.log(log_level::info, "listens at " + each.uri + " (" + each.name + ") from now on");
    one.taken[each.number] = false;
    for (const auto& [id, process] : workers)
      if (may_answer(id)) one.awaited.emplace(id, each.number);
  }
  for (const auto& [id, process] : workers) give_listeners(id, *process, one.what.listeners);
  sync_schedule();
  settle_listeners();
}

// Who has not said hello gets them in its welcome, who drains needs none.
void supervisor::impl::give_listeners(worker_id id, worker_process& process,
                                      const std::vector<listener>& which) {
  if (!process.welcomed || !process.channel || !process.channel->is_open()) return;
  ipc::listen message;
  std::vector<os::unique_fd> copies;
  for (const os::listen_socket& each : listeners) {
    const listener& mine = each.description();
    if (std::ranges::find(which, mine.number, &listener::number) == which.end()) continue;
    message.listeners.push_back(mine);
    copies.push_back(listener_for(process, mine));
    if (!copies.back()) {
      // It serves on as it is; its successor gets them all.
      settings.log(log_level::error, "worker " + std::to_string(id.value) + " does not get " + mine.uri +
                                         ": " + os::last_error().message());
      return;
    }
  }
  if (!copies.empty()) process.channel->send(message, std::move(copies));
}

// Whoever is stopped on request, or on its way in or out, is not waited for.
bool supervisor::impl::may_answer(worker_id id) const {
  const auto found = workers.find(id);
  return found != workers.end() && fleet->is_ready(id) && !found->second->paused && found->second->channel &&
         found->second->channel->is_open();
}

void supervisor::impl::tell_listening(worker_id id, worker_process& process, const listener& where) {
  if (!process.listens_at.insert(where.number).second) return;
  event taking;
  taking.kind = event_kind::listening;
  taking.worker = id;
  taking.slot = process.slot;
  taking.generation = process.generation;
  taking.endpoint = where.uri;
  tell(std::move(taking));
}

// A copy: who is told may add some and take some away.
void supervisor::impl::tell_listening_everywhere(worker_id id) {
  std::vector<listener> all;
  for (const os::listen_socket& each : listeners) all.push_back(each.description());
  for (const listener& each : all)
    if (worker_process* process = find(id)) tell_listening(id, *process, each);
}

void supervisor::impl::on_listener_answer(worker_id id, worker_process& process,
                                          const ipc::listener_answer& what) {
  using kind = ipc::listener_answer::kind;
  if (what.what == kind::released) {
    for (leaving_listener& each : leaving)
      if (each.socket.description().number == what.number) each.awaited.erase(id);
    return settle_listeners();
  }
  for (listener_arrival& each : arriving) {
    if (each.awaited.erase({id, what.number}) == 0) continue;
    if (what.what == kind::taken) each.taken[what.number] = true;
    else each.refused = what.why;
  }
  const auto here = std::ranges::find_if(
      listeners, [&](const os::listen_socket& each) { return each.description().number == what.number; });
  // Before it is ready nobody wants to know; then all of them are told of.
  if (what.what == kind::taken && here != listeners.end() && fleet->is_ready(id))
    tell_listening(id, process, listener(here->description()));
  if (running) settle_listeners();
}

void supervisor::impl::remove_listener(const std::string& name, listener_handler_type handler) {
  if (!running || fleet->stopping())
    return complete(std::move(handler), make_error_code(error::not_running), {});
  listener_change refused;
  const auto named = [&](const os::listen_socket& each) { return each.description().name == name; };
  if (std::ranges::none_of(listeners, named)) {
    refused.reason = "there is no listener named '" + name + "'; there are";
    for (const os::listen_socket& each : listeners) refused.reason += " " + each.description().name;
    if (listeners.empty()) refused.reason += " none";
    return complete(std::move(handler), make_error_code(error::unknown_listener), std::move(refused));
  }
  if (fleet->ready_count() == 0) {
    refused.reason = "no worker is ready, and what waits there would be lost";
    return complete(std::move(handler), make_error_code(error::worker_unavailable), std::move(refused));
  }
  const auto whole = std::make_shared<listener_removal>();
  whole->handler.put(std::move(handler));
  std::vector<std::uint64_t> numbers;
  for (const os::listen_socket& each : listeners)
    if (named(each)) numbers.push_back(each.description().number);
  for (const std::uint64_t each : numbers) take_away(each, whole);
  settle_listeners();
}

void supervisor::impl::take_away(std::uint64_t number, const std::shared_ptr<listener_removal>& for_whom) {
  const auto found = std::ranges::find_if(
      listeners, [&](const os::listen_socket& each) { return each.description().number == number; });
  if (found == listeners.end()) return;
  leaving_listener& one = leaving.emplace_back();
  one.socket = std::move(*found);
  listeners.erase(found);
  forget_stored(number);
  one.by = for_whom;
  ++for_whom->open;
  for_whom->what.listeners.push_back(without_descriptor(one.socket.description()));
  begin_leaving(one);
}

// The notes come first: from here on a next supervisor would finish this.
void supervisor::impl::begin_leaving(leaving_listener& one) {
  const listener& what = one.socket.description();
  for (slot_sockets& each : slots) {
    if (auto own = each.by_listener.extract(what.number)) one.of_slots.push_back(std::move(own.mapped()));
    each.sources.erase(what.number);
  }
  for (listener_arrival& each : arriving)
    std::erase_if(each.awaited, [&](const auto& who) { return who.second == what.number; });
  save();
  settings.log(log_level::info, "listens at " + what.uri + " (" + what.name + ") no more");
  one.socket.remove_file();
  error_code failed;
  // Who else has such a one may go on with it.
  if (!what.inherited) {
    failed = os::begin_no_more(one.socket.fd());
    for (const os::unique_fd& each : one.of_slots)
      if (const error_code ec = os::begin_no_more(each.get())) failed = ec;
  }
  if (failed)
    settings.log(log_level::warning,
                 what.uri + ": clients that connect until it is closed are reset: " + failed.message());
  one.until = clock::now() + fading_time;
}

void supervisor::impl::keep_leaving(leaving_listener& one) {
  const std::uint64_t number = one.socket.description().number;
  if (one.at == leaving_listener::step::fading && clock::now() >= one.until) {
    one.at = leaving_listener::step::emptying;
    one.until = clock::now() + answer_time;
  }
  if (one.at == leaving_listener::step::emptying) {
    const bool empty = !reception || (reception->finish(number) && !reception->holds(number));
    if (!empty && clock::now() < one.until) return;
    // An offer that a worker gets after this would be of a listener that it does not know any more.
    for (const auto& [id, process] : workers) {
      if (!process->welcomed || !process->channel || !process->channel->is_open()) continue;
      process->channel->send(ipc::unlisten{number});
      if (may_answer(id)) one.awaited.insert(id);
    }
    one.at = leaving_listener::step::closing;
    one.until = clock::now() + answer_time;
  }
  std::erase_if(one.awaited, [this](worker_id each) { return !may_answer(each); });
}

void supervisor::impl::let_go(leaving_listener& one) {
  for (const auto& [id, process] : workers) process->listens_at.erase(one.socket.description().number);
  if (!one.awaited.empty())
    settings.log(log_level::warning, one.socket.description().uri + ": " +
                                         std::to_string(one.awaited.size()) +
                                         " workers have not closed it yet");
  listener_removal& whole = *one.by;
  if (--whole.open == 0 && whole.handler) complete(whole.handler.take(), {}, std::move(whole.what));
}

// What nobody takes, though somebody was asked, is closed again.
void supervisor::impl::settle_arrival(listener_arrival& one) {
  const bool silent = !one.awaited.empty();
  const bool all = std::ranges::all_of(one.taken, [](const auto& each) { return each.second; });
  error_code ec;
  if (!all && (silent || !one.refused.empty())) {
    ec = make_error_code(one.refused.empty() ? error::timed_out : error::not_handled);
    one.what.reason = one.refused.empty() ? "no worker has answered" : one.refused;
    const auto nobody = std::make_shared<listener_removal>();
    for (const auto& [number, taken] : one.taken) take_away(number, nobody);
  }
  complete(one.handler.take(), ec, std::move(one.what));
}

// After each answer, each change in the fleet, and when something is due.
void supervisor::impl::settle_listeners() {
  if (arriving.empty() && leaving.empty()) return;
  const auto now = clock::now();
  arriving.remove_if([&](listener_arrival& each) {
    std::erase_if(each.awaited, [this](const auto& who) { return !may_answer(who.first); });
    if (!each.awaited.empty() && now < each.until) return false;
    settle_arrival(each);
    return true;
  });
  for (leaving_listener& each : leaving) keep_leaving(each);
  const auto gone = leaving.remove_if([&](leaving_listener& each) {
    if (each.at != leaving_listener::step::closing || (!each.awaited.empty() && now < each.until))
      return false;
    let_go(each);
    return true;
  });
  if (gone != 0) save();
  arm_listener_timer(now);
}

void supervisor::impl::arm_listener_timer(clock::time_point now) {
  auto next = clock::time_point::max();
  for (const listener_arrival& each : arriving) next = std::min(next, each.until);
  for (const leaving_listener& each : leaving)
    next = std::min(next, each.at == leaving_listener::step::emptying ? now + look_again : each.until);
  listener_timer.cancel();
  if (next == clock::time_point::max()) return;
  listener_timer.expires_at(next);
  listener_timer.async_wait([weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (!ec && self && self->running) self->settle_listeners();
  });
}

// What a dead supervisor had begun to take away.
void supervisor::impl::go_on_leaving() {
  for (leaving_listener& each : leaving) {
    // Its workers do not accept, so what waits there is this supervisor's to take.
    if (settings.schedule == schedule::round_robin) static_cast<void>(schedule_listener(each.socket));
    begin_leaving(each);
  }
  settle_listeners();
}

void supervisor::impl::abort_listeners() {
  listener_timer.cancel();
  const error_code aborted = boost::asio::error::operation_aborted;
  for (listener_arrival& each : arriving) complete(each.handler.take(), aborted, std::move(each.what));
  arriving.clear();
  for (leaving_listener& each : leaving)
    if (each.by->handler) complete(each.by->handler.take(), aborted, {});
  leaving.clear();
}

}  // namespace cluster
