// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "policy/time_point.hpp"

#include <cluster/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cluster::policy {

struct rollout_settings {
  /// Extra workers while slots are replaced; taken as 1 if max_unavailable is 0 too.
  std::size_t max_surge = 1;
  /// Slots whose predecessor may drain before its successor is ready.
  std::size_t max_unavailable = 0;
  std::chrono::milliseconds pause{0};  ///< between a slot's completion and the next one's start
  /// A successor must stay alive and ready this long before its predecessor drains.
  std::chrono::milliseconds soak{0};
  bool rollback = true;
};

/// Where a roll-out failed.
enum class rollout_stage : std::uint8_t {
  launch,      ///< the successor could not be launched
  start,       ///< it exited before it was ready, or was not ready in time
  soak,        ///< it ended during soak
  handed_over  ///< it ended in bad health after its predecessor had begun to drain
};
/// In words: "launch", "start", "soak", "hand-over".
const char* in_words(rollout_stage) noexcept;

struct rollout_report {
  enum class outcome : std::uint8_t {
    completed,
    failed,       ///< nothing was replaced yet, or going back was not wanted, or that failed too
    rolled_back,  ///< it failed, and the slots that had been replaced went back
    aborted       ///< on request, or by a stop
  };

  outcome how = outcome::completed;
  generation_id from;
  generation_id to;
  std::size_t slots_total = 0;
  /// Slots that run the new generation at the end; if it went back, those that did before that.
  std::size_t slots_done = 0;
  std::chrono::milliseconds took{0};
  rollout_stage stage = rollout_stage::launch;  ///< of failed and rolled_back
  std::string reason;                           ///< empty when completed
};

/// One roll-out: which slot is how far, and what is to be done next. Does nothing itself: the fleet
/// shows it what it sees and carries out what it answers.
class rollout {
 public:
  /// Whether it goes to the new generation or, after a failure or an abort, back to the old one.
  enum class direction : std::uint8_t { forward, back };
  /// How far a slot is in the direction under way.
  enum class progress : std::uint8_t {
    settled,      ///< not part of it, or not any more
    pending,      ///< its turn has not come
    starting,     ///< its successor is on its way to ready
    soaking,      ///< its successor has to stay ready for a while
    handed_over,  ///< its successor has the slot, its predecessor drains
    done          ///< its predecessor is gone
  };
  /// What the fleet has to do for a slot.
  enum class task : std::uint8_t { none, hand_over, complete };
  /// What a slot being replaced takes of what the settings allow, until it is done: so the next one
  /// begins only after all that the one before it could show.
  enum class share : std::uint8_t { surge, unavailable };

  rollout(const rollout_settings&, generation_id from, generation_id to, std::size_t slots, time_point now);

  /// Whether one more slot may start now under this share (its other conditions aside).
  bool may_begin(share) const;
  bool pausing() const noexcept { return pause_until_.has_value(); }
  void begin(std::size_t slot, worker_id successor, worker_id predecessor, share);
  /// Looks at a slot and moves it on by one step.
  task look(std::size_t slot, bool successor_ready, bool predecessor_gone, time_point now);

  /// The first failure of the direction under way; later ones follow from it.
  void fail(rollout_stage, const std::string& reason);
  /// Somebody wants it to go back. False if it does already.
  bool abort();
  /// It has failed or was aborted, and the fleet has not acted on that yet.
  bool broken() const noexcept { return broken_; }
  /// Whether it goes back now that it is broken, so many slots being replaced.
  bool goes_back(std::size_t slots_replaced) const noexcept;
  /// Turns round: the slots that run the new generation are pending, the others settled.
  void turn_back(const std::vector<bool>& replaced);

  bool finished() const;
  /// What is to be reported if it ends now, so many slots running the new generation.
  rollout_report report(std::size_t slots_replaced, time_point now) const;
  /// As above, but a stop cuts it short.
  rollout_report cut_short(std::size_t slots_replaced, const std::string& why, time_point now) const;

  /// The generation that successors have in the direction under way.
  generation_id wanted() const noexcept { return way_ == direction::forward ? to_ : from_; }
  generation_id from() const noexcept { return from_; }
  generation_id to() const noexcept { return to_; }
  direction way() const noexcept { return way_; }
  std::size_t max_unavailable() const noexcept { return settings_.max_unavailable; }
  std::size_t size() const noexcept { return slots_.size(); }
  std::size_t slots_done() const { return count(progress::done); }
  progress at(std::size_t slot) const { return slots_[slot].at; }
  worker_id predecessor(std::size_t slot) const { return slots_[slot].predecessor; }
  worker_id successor(std::size_t slot) const { return slots_[slot].successor; }
  /// Its turn has come and is not over.
  bool busy(std::size_t slot) const;
  const std::string& reason() const noexcept { return reason_; }

  std::optional<time_point> next_deadline() const;
  /// Forgets a pause that is over.
  void tick(time_point now);

 private:
  struct slot_progress {
    progress at = progress::pending;
    worker_id successor;
    worker_id predecessor;  ///< none if the slot was empty
    share takes = share::surge;
    std::optional<time_point> soaked_at;
  };

  std::size_t count(progress) const;

  rollout_settings settings_;
  generation_id from_;
  generation_id to_;
  time_point since_;
  std::vector<slot_progress> slots_;
  std::optional<time_point> pause_until_;
  std::size_t done_before_ = 0;  ///< slots that were replaced when it turned round
  direction way_ = direction::forward;
  bool broken_ = false;
  bool aborted_ = false;
  rollout_stage stage_ = rollout_stage::launch;
  std::string reason_;
};

}  // namespace cluster::policy
