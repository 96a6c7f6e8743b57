// SPDX-License-Identifier: BSL-1.0
#include "http/probe.hpp"

#include <cluster/http/server.hpp>
#include <cluster/worker.hpp>

#include <exception>

namespace cluster::http {
namespace {

// What other handlers of the context let out is theirs; serving goes on.
void run_through(worker& self, server& http) {
  for (;;) {
    try {
      http.run();
      return;
    } catch (const std::exception& e) {
      self.report_failure("event loop", e.what());
    } catch (...) {
      self.report_failure("event loop", "unknown exception");
    }
  }
}

}  // namespace

int serve(worker& self, const router& app, server_options options) {
  if (!options.on_failure) {
    options.on_failure = [&self](std::string_view where, std::string_view what) {
      self.report_failure(where, what);
    };
  }
  options.log = self.log();
  if (options.request_time.count() == 0) options.request_time = self.request_timeout();
  boost::asio::io_context& context = self.context();
  if (options.proxies.trusted.empty()) options.proxies = self.proxies();
  const bool own_tls = !options.tls.certificates.empty();
  server http(context, app, std::move(options));
  http.move_with(self);
  if (!own_tls) http.secure_with(self);
  int code = 0;

  self.async_wait_drain([&](error_code ec, const drain_notice& notice) {
    if (ec) return;
    const std::uint64_t before = http.counters().requests;
    http.async_drain(notice.soft_deadline, notice.hard_deadline, [&, before](error_code) {
      self.count_finished(http.counters().requests - before);
      self.done();
      context.stop();
    });
    self.release_listeners();
  });
  const auto begin = [&] {
    http.start(self);
    self.ready();
    self.publish_load(0);
  };
  if (self.probe().empty()) {
    begin();
  } else {
    probe(context, http, std::string(self.probe()), [&](const std::string& problem) {
      if (self.state() != worker_state::starting) return;  // it is to leave already
      if (problem.empty()) return begin();
      self.report_failure("probe", problem);
      code = 1;
      context.stop();
    });
  }
  run_through(self, http);

  // The farewell is on its way; give it, and whatever else is ready, the moment it needs.
  constexpr std::chrono::milliseconds moment{50};
  context.restart();
  try {
    context.run_for(moment);
  } catch (const std::exception& e) {
    self.report_failure("event loop", e.what());
  }
  return code;
}

}  // namespace cluster::http
