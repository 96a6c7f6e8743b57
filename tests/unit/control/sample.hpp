// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "control/render.hpp"

namespace cluster::test {

/// A cluster of two in the middle of something: slot 0 ready after a crash, slot 1 draining for its
/// successor.
inline cluster_status sample_status() {
  using namespace std::chrono_literals;
  cluster_status now;
  now.name = "api";
  now.version = "1.2";
  now.pid = 4711;
  now.executable = "/srv/api";
  now.generation = {7};
  now.target = 2;
  now.ready = 2;
  now.uptime = 3723500ms;
  now.listeners = {"tcp://127.0.0.1:8080"};
  now.listener_names = {"tcp-0"};
  const auto add = [&](std::uint64_t id, std::uint64_t slot, std::uint64_t generation, worker_state state) {
    worker_status one;
    one.id = {id};
    one.slot = {slot};
    one.generation = {generation};
    one.pid = static_cast<int>(5000 + id);
    one.state = state;
    one.uptime = 61s;
    one.restarts = 1;
    now.workers.push_back(one);
  };
  add(3, 0, 7, worker_state::ready);
  add(2, 1, 6, worker_state::draining);
  add(4, 1, 7, worker_state::ready);
  now.workers[0].statistics.connections = 5;
  now.workers[0].statistics.requests = 1000;
  now.workers[0].statistics.busy = 2s;
  now.workers[0].statistics.latency.counts[latency_histogram::bucket_of(100us)] = 1000;
  now.workers[0].statistics.latency.sum = 100ms;
  now.latency = now.workers[0].statistics.latency;
  now.latency.counts[latency_histogram::bucket_of(30ms)] = 4000;
  now.latency.sum += 120s;
  now.totals.requests = 5000;
  now.totals.connections = 5;
  now.rollout = rollout_status{{6}, {7}, 2, 1, false};
  now.slots.resize(2);
  now.slots[0].starts = 2;
  now.slots[0].cpu = 1500ms;
  worker_exit crash;
  crash.worker = {1};
  crash.generation = {6};
  crash.pid = 5001;
  crash.reason = exit_reason::signalled;
  crash.status = {exit_status::kind::signalled, 0, 11, true};
  crash.at = std::chrono::system_clock::time_point(1'700'000'000'123ms);
  now.slots[0].exits = {crash};
  now.slots[0].traffic.requests = 4000;
  now.slots[1].starts = 2;
  route_traffic todos;
  todos.route = "GET /todos/{id}";
  todos.answers = {0, 4900, 0, 50, 0};
  todos.timed = 4950;
  todos.time = 99s;
  route_traffic none;
  none.route = "none";
  none.answers[3] = 50;
  now.routes = {todos, none};
  now.scaling = {2, 6};
  now.counters.workers_started = 4;
  now.counters.exits[static_cast<std::size_t>(exit_reason::signalled)] = 1;
  now.counters.reloads[0] = 5;
  return now;
}

inline control::measurements sample_measurements() {
  using namespace std::chrono_literals;
  control::measurements measured;
  measured[{3}] = {40.26, 80.0, 12.34, 2500ms, 18 * 1024 * 1024, std::nullopt};
  measured[{2}] = {1.0, 0.0, 0.0, 500ms, 1024 * 1024, std::nullopt};
  measured[{4}] = {0.0, 0.0, 0.0, 250ms, 2 * 1024 * 1024, std::nullopt};
  return measured;
}

}  // namespace cluster::test
