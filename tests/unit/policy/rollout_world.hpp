// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "policy/fleet.hpp"

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace cluster::policy::test {

/// A driver that starts, aborts and cuts short roll-outs of a fleet whose workers do whatever
/// chance wants, with a bookkeeper of what roll-outs promise. (What holds for every fleet is held
/// against it by fake_world.) All of it follows from the seed.
class rollout_world {
 public:
  struct broken_rule {
    std::string what;
  };

  explicit rollout_world(std::uint64_t seed);
  void run();
  const std::string& doing() const noexcept { return doing_; }
  /// How often each outcome came, so that a test that never gets anywhere is noticed.
  const std::map<rollout_report::outcome, std::size_t>& outcomes() const { return outcomes_; }
  std::size_t checks() const noexcept { return checks_; }

 private:
  /// How much goes wrong: nothing, successors only, or anything.
  enum class mishap : std::uint8_t { none, successors, any };

  struct process {
    slot_id slot;
    generation_id generation;
    bool by_restart = false;  ///< the successor of a single restart
    bool answered = false;
    bool doubtful = false;  ///< its launch was under way when a roll-out or a scale gave some up
    bool gone = false;
    bool greeted = false;
    bool told_ready = false;  ///< by an event
    bool told_draining = false;
    bool told_closed = false;
    bool closed = false;
    bool said_draining = false;
    bool said_done = false;
    bool drain = false;
    bool term = false;
    bool kill = false;
    std::optional<exit_reason> drained_for;
    std::vector<worker_id> heirs;

    bool alive() const { return answered && !gone; }
    bool leaving() const { return told_draining || told_closed || drain || term || kill; }
    bool serving() const { return alive() && told_ready && !leaving(); }
  };

  /// The roll-out under way, as the driver sees it.
  struct roll {
    rollout_settings settings;
    generation_id from;
    std::set<worker_id> served_before;
    std::set<slot_id> hurt;  ///< slots that chance has emptied since, or before
    std::size_t replaced = 0;
    bool aborted = false;
    bool early = false;   ///< somebody was let go before a successor was ready
    bool failed = false;  ///< an event said so
  };

  // Chance: rollout_world.cpp
  std::size_t chance(std::size_t below) { return static_cast<std::size_t>(random_() % below); }
  fleet_settings random_settings();
  void live_one_step();
  void answer(worker_id, bool well);
  void progress(worker_id);
  void spoil(worker_id);
  void say_nonsense();
  void end(worker_id);
  void become_ready();
  void pass_time();
  void wait_for_next_deadline();
  void reload();
  void scale(std::size_t workers);
  void restart();
  void settle();
  void die_down();
  bool present(worker_id) const;
  bool may_spoil(const process&) const;
  void hurt(const process&);
  std::optional<worker_id> pick(bool (*fits)(const process&));

  // Rules: rollout_rules.cpp
  void require(bool holds, const char* what);
  void account(const actions&);
  void account_for(const launch_worker&);
  void account_for(const drain_worker&);
  void account_for(const appoint_heirs&);
  void account_for(const terminate_worker&);
  void account_for(const abort_worker&);
  void account_for(const kill_worker&);
  void account_for(const publish&);
  void account_for(const end_rollout&);
  void account_for(const finish&);
  void check_heirs_of(worker_id, const std::vector<worker_id>&);
  void check_early(const process&);
  void check_floor();
  void check_surge();
  void check_drains();
  void check_untouched(const rollout_report&);
  void check_at_rest();
  bool covered(slot_id) const;
  bool serving(worker_id) const;
  process& alive_one(worker_id);

  std::mt19937_64 random_;
  mishap mishaps_;
  fleet_settings settings_;
  fleet fleet_;
  time_point now_;
  std::map<worker_id, process> processes_;
  std::optional<roll> roll_;
  std::set<slot_id> given_up_;  ///< slots that rest or are retired, by their last event
  generation_id newest_{1};
  bool mixed_ = false;       ///< a roll-out left two generations behind
  bool restarting_ = false;  ///< inside restart_worker()
  std::uint64_t last_id_ = 0;
  bool stopping_ = false;
  bool finished_ = false;
  std::map<rollout_report::outcome, std::size_t> outcomes_;
  std::string doing_;
  std::size_t checks_ = 0;
};

}  // namespace cluster::policy::test
