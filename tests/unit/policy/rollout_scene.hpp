// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "scene.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cluster::policy::test {

/// A fleet under a roll-out and its orders as one line of words; the lives of workers are left out:
/// "launch 3/0 g2, launch 4/0 g1 last_good, drain 1 replaced to 3, heirs 1 to 3 4, term 3, kill 3,
/// rollout_started g2, slot_replaced 3/0 g2, rollout_finished g2, end completed 2/2".
class rollout_scene {
 public:
  explicit rollout_scene(const fleet_settings& settings) : fleet_{settings} {}

  /// Starts the fleet; all become ready and stay so for a minute.
  void bring_up_all();
  /// From its launch up to ready; what the last step led to.
  std::string bring_up(std::uint64_t id);
  std::string launched(std::uint64_t id) { return say(fleet_.launched({id}, now)); }
  std::string launch_failed(std::uint64_t id) { return say(fleet_.launch_failed({id}, "no such file", now)); }
  std::string hello(std::uint64_t id) { return say(fleet_.hello({id}, now)); }
  std::string ready(std::uint64_t id) { return say(fleet_.ready({id}, now)); }
  std::string draining(std::uint64_t id) { return say(fleet_.draining({id}, now)); }
  std::string broken(std::uint64_t id) {
    return say(fleet_.channel_ended({id}, channel_end::broken_protocol, now));
  }
  std::string closed(std::uint64_t id) { return say(fleet_.channel_ended({id}, channel_end::closed, now)); }
  std::string exits(std::uint64_t id, int code = 0) { return say(fleet_.exited({id}, exit_code(code), now)); }
  std::string dies(std::uint64_t id, int signal) { return say(fleet_.exited({id}, death(signal), now)); }
  std::string reload(const rollout_settings& settings = {});
  std::string abort() { return say(fleet_.abort_reload(now)); }
  std::string restart(std::uint64_t id) { return say(fleet_.restart_worker({id}, now)); }
  std::string stop(stop_mode mode) { return say(fleet_.stop(mode, now)); }
  std::string scale(std::size_t workers) { return say(fleet_.scale(workers, now)); }
  std::string tick() { return say(fleet_.tick(now)); }
  /// Lets time pass up to the next deadline, which must be exactly `span` away, and ticks.
  std::string tick_after(std::chrono::milliseconds span);
  void pass(std::chrono::milliseconds span) { now += span; }
  bool asleep() const { return !fleet_.next_deadline().has_value(); }
  /// The ids of the workers that are ready.
  std::vector<std::uint64_t> serving() const;

  fleet& under_test() { return fleet_; }
  const rollout_report& report() const { return report_; }
  /// The last event of a roll-out, and the last exit.
  const event& told() const { return told_; }
  const event& exit_told() const { return exit_; }
  const drain_worker& last_drain() const { return drain_; }

  time_point now{std::chrono::hours{24}};

 private:
  std::string say(const actions&);
  std::string say(const action&);
  std::string say(const event&);

  fleet fleet_;
  rollout_report report_;
  event told_;
  event exit_;
  drain_worker drain_;
};

}  // namespace cluster::policy::test
