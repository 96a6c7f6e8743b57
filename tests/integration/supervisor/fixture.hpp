// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/catch.hpp"

#include <cluster/supervisor.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cluster::test {

/// Options whose workers are this test program in one of its roles.
inline options with_workers(std::string role, std::size_t count, std::vector<std::string> more = {}) {
  options settings;
  settings.name = "test";
  settings.listen = {};
  settings.workers = count;
  settings.arguments = {"--role", std::move(role)};
  settings.arguments.insert(settings.arguments.end(), more.begin(), more.end());
  settings.log.level = log_level::off;
  settings.drain_timeout = std::chrono::milliseconds(2000);
  settings.kill_timeout = std::chrono::milliseconds(2000);  // sanitizers take their time at exit
  settings.restart.initial_delay = std::chrono::milliseconds(5);
  settings.restart.max_delay = std::chrono::milliseconds(20);
  return settings;
}

/// A supervisor on a context of its own that records its events and runs until something has happened.
struct supervised {
  explicit supervised(options settings) : master(context.get_executor(), std::move(settings)) {
    master.on_event([this](const event& what) {
      events.push_back(what);
      if (on_event) on_event(what);
    });
  }

  void start() {
    master.async_run([this](error_code ec) { result = ec; });
  }

  /// Runs the loop until `done` says so; false if that took longer than anything here takes.
  bool run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      if (context.stopped()) context.restart();
      context.run_one_until(deadline);
    }
    return done();
  }

  bool run_until_ready(std::size_t count) {
    return run_until([&] { return master.status().ready == count; });
  }

  error_code stop(stop_mode mode = stop_mode::graceful) {
    master.async_stop(mode, [](error_code) {});
    run_until([&] { return result.has_value(); });
    return result.value_or(make_error_code(error::timed_out));
  }

  std::vector<event> of(event_kind kind) const {
    std::vector<event> found;
    for (const event& each : events)
      if (each.kind == kind) found.push_back(each);
    return found;
  }

  boost::asio::io_context context;
  supervisor master;
  std::vector<event> events;
  std::function<void(const event&)> on_event;
  std::optional<error_code> result;
};

inline std::set<std::string> open_descriptors() {
  std::set<std::string> names;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd"))
    names.insert(each.path().filename());
  return names;
}

}  // namespace cluster::test
