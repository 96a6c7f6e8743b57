// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "policy/fleet.hpp"

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

namespace cluster::policy::test {

/// What is thrown when the fleet breaks one of its rules.
struct broken_rule {
  std::string what;
};

/// A driver with processes that do whatever chance wants, in any order, and a bookkeeper that holds
/// each action of the fleet against the rules. All of it follows from the seed.
class fake_world {
 public:
  explicit fake_world(std::uint64_t seed);

  /// Lives through one fleet from its start to its finish.
  void run();
  /// What was done last, for the report of a failure.
  const std::string& doing() const noexcept { return doing_; }
  /// Rules that were held against something, so that a test that checks nothing is noticed.
  std::size_t checks() const noexcept { return checks_; }

 private:
  struct process {
    slot_id slot;
    bool answered = false;  ///< the launch was
    bool failed = false;    ///< to launch
    bool exited = false;
    bool closed = false;  ///< its channel was reported as ended
    int told = 0;         ///< the last event about it, see rank()
    bool was_ready = false;
    bool said_draining = false;
    bool drain = false;
    bool term = false;
    bool kill = false;
    exit_status status;

    bool present() const { return !failed && !exited; }
    bool alive() const { return answered && present(); }
    bool ready() const;
  };

  // Chance: fake_world.cpp
  std::size_t chance(std::size_t below) { return static_cast<std::size_t>(random_() % below); }
  fleet_settings random_settings();
  void live_one_step();
  void answer_a_launch(bool well);
  void say_something();
  void say_nonsense();
  void end_a_process();
  void pass_time();
  void stop_or_scale();
  void die_down();
  std::optional<worker_id> pick(bool (*fits)(const process&));

  // Rules: fake_rules.cpp
  void require(bool holds, const char* what);
  void account(const actions&);
  void account_for(const launch_worker&);
  void account_for(const drain_worker&);
  void account_for(const terminate_worker&);
  void account_for(const abort_worker&);
  void account_for(const kill_worker&);
  void account_for(const publish&);
  void account_for(const finish&);
  template <class Other>
  void account_for(const Other&) {}  // of roll-outs, which this world does not start
  void account_for_worker(const event&, process&);
  void account_for_exit(const event&, process&);
  void check_counts();
  void check_slots();
  process& alive_one(worker_id, const char* what);

  std::mt19937_64 random_;
  fleet_settings settings_;
  fleet fleet_;
  time_point now_;
  std::map<worker_id, process> processes_;
  std::set<slot_id> explained_;  ///< slots of which an event said why they are empty
  std::uint64_t last_id_ = 0;
  bool stop_called_ = false;
  bool stopping_ = false;
  bool scaled_down_ = false;
  bool stopped_ = false;
  bool finished_ = false;
  std::string doing_;
  std::size_t checks_ = 0;
};

}  // namespace cluster::policy::test
