// SPDX-License-Identifier: BSL-1.0
#include "run/service.hpp"

#include <time.h>
#include <unistd.h>

#include <string>

namespace cluster::run_detail {
namespace {

std::string now_in_microseconds() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return std::to_string(std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000);
}

}  // namespace

service_reporter::service_reporter(boost::asio::io_context& context, supervisor& master, bool kept)
    : master_(master), timer_(context), kept_(kept) {
  if (!manager_.listens()) return;
  observing_ = master.observe([this](const event& what) { on_event(what); });
  if (manager_.watchdog().count() != 0) feed_watchdog();
}

void service_reporter::on_event(const event& what) {
  switch (what.kind) {
    case event_kind::ready:
    case event_kind::adopted:
    case event_kind::exited: {
      const cluster_status now = master_.status();
      const std::string status =
          "STATUS=" + std::to_string(now.ready) + " of " + std::to_string(now.target) + " workers are ready";
      if (!ready_ && now.ready >= now.target && !now.stopping) {
        ready_ = true;
        const std::string whose = kept_ ? "" : "MAINPID=" + std::to_string(::getpid()) + "\n";
        return manager_.tell("READY=1\n" + whose + status);
      }
      return manager_.tell(status);
    }
    case event_kind::rollout_started:
      return manager_.tell("RELOADING=1\nMONOTONIC_USEC=" + now_in_microseconds() + "\nSTATUS=" + what.text);
    // Whether it goes back or not, the cluster serves.
    case event_kind::rollout_finished:
    case event_kind::rollout_failed: return manager_.tell("READY=1\nSTATUS=" + what.text);
    case event_kind::stopping: return manager_.tell("STOPPING=1");
    case event_kind::forked:
    case event_kind::online:
    case event_kind::listening:
    case event_kind::draining:
    case event_kind::disconnected:
    case event_kind::launch_failed:
    case event_kind::restart_delayed:
    case event_kind::resting:
    case event_kind::retired:
    case event_kind::handler_failed:
    case event_kind::unresponsive:
    case event_kind::hung:
    case event_kind::recovered:
    case event_kind::recycling:
    case event_kind::slot_replaced:
    case event_kind::stopped: return;
  }
}

// Half of the time, as it is custom, so that one late beat is no reason for anything.
void service_reporter::feed_watchdog() {
  manager_.tell("WATCHDOG=1");
  timer_.expires_after(manager_.watchdog() / 2);
  timer_.async_wait([this](const error_code& ec) {
    // One that was due when cancel() was called comes with success.
    if (!ec && !cancelled_) feed_watchdog();
  });
}

void service_reporter::cancel() {
  cancelled_ = true;
  timer_.cancel();
}

}  // namespace cluster::run_detail
