// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "policy/time_point.hpp"

#include <cluster/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace cluster::policy {

/// What the kernel says of a thread at one moment.
struct thread_view {
  enum class condition : std::uint8_t {
    runnable,  ///< has a CPU or waits for one
    asleep,    ///< waits for something else
    stopped,   ///< by a signal or by a debugger
  };
  condition now = condition::asleep;
  std::chrono::nanoseconds ran{0};     ///< CPU time so far
  std::chrono::nanoseconds waited{0};  ///< time so far that it was runnable and had no CPU
};

/// One event loop of one worker as it is seen in a round.
struct loop_reading {
  worker_id worker;
  std::size_t loop = 0;
  time_point sign;  ///< when it last showed that it turns
  /// Needed if suspects() says so, where it can be had.
  std::optional<thread_view> thread;
};

/// What came out of a round about a worker.
struct watch_finding {
  enum class kind : std::uint8_t {
    silent,    ///< half of the time is over
    hung,      ///< the time is over: start a successor, then end it
    stopped,   ///< stopped by somebody for several times the limit: replace it, gently
    recovered  ///< it was found to be hung or stopped, and turns again
  };
  worker_id worker;
  kind what = kind::silent;
  std::chrono::milliseconds stood{0};  ///< how long its loop has stood, less what was not its fault
};

/// Finds workers whose event loop stands still, from signs of life that they leave in a page.
///
/// While all signs are fresh nothing else is looked at. From the moment that one is overdue the time is
/// counted that the loop stands by its own fault: not what its thread waited for a CPU (of a thread that
/// wants a CPU only what it ran counts), not what it was stopped, not what the watcher itself was late
/// (then the whole machine may have been), and nothing from before the machine was suspended. So a loop
/// is found in between the limit and the limit plus two and a half intervals of its signs, and a starved
/// or stopped worker never.
///
/// One worker is found at a time: the next one after that one has gone or recovered. Only when all that
/// are watched stand is that no reason to wait.
class watchdog {
 public:
  /// Zero: nothing is ever found.
  explicit watchdog(std::chrono::milliseconds limit);

  /// How often each loop has to show that it turns.
  static std::chrono::milliseconds interval_for(std::chrono::milliseconds limit);

  void watch(worker_id);
  void forget(worker_id);
  /// Found to hang or to be stopped, and neither forgotten nor recovered since.
  bool has_found(worker_id id) const { return found_.contains(id); }
  bool watches(worker_id id) const { return workers_.contains(id); }
  const std::set<worker_id>& watched() const noexcept { return workers_; }

  /// Whether a round needs to know what the loop's thread does.
  bool suspects(const loop_reading&, time_point now) const;
  /// Looks at all loops of all watched workers. `suspended` is how long the machine has been suspended
  /// since it was started.
  std::vector<watch_finding> round(const std::vector<loop_reading>&, std::chrono::nanoseconds suspended,
                                   time_point now);
  /// When the next round is due.
  std::optional<time_point> next_round() const noexcept { return next_round_; }

 private:
  using loop_key = std::pair<worker_id, std::size_t>;
  struct loop_state {
    time_point written;                 ///< the sign as it was written
    time_point sign;                    ///< the same, but not in the future
    std::optional<thread_view> before;  ///< of the last round; set: its sign is overdue
    time_point looked;
    std::chrono::nanoseconds stood{0};
    std::chrono::nanoseconds stopped{0};
  };
  struct worker_verdict {
    std::chrono::nanoseconds stood{0};
    std::chrono::nanoseconds stopped{0};
    bool fresh = true;
  };

  bool overdue(const loop_state&, time_point now) const;
  void see(loop_state&, const loop_reading&, time_point now) const;
  void blame(loop_state&, const thread_view&, time_point now) const;
  std::map<worker_id, worker_verdict> verdicts(time_point now) const;
  void report(worker_id, const worker_verdict&, bool all_stand, std::vector<watch_finding>&);
  void plan(time_point now);

  std::chrono::nanoseconds limit_;
  std::chrono::nanoseconds interval_;
  std::set<worker_id> workers_;
  std::map<loop_key, loop_state> loops_;
  std::set<worker_id> warned_;
  std::set<worker_id> found_;
  std::chrono::nanoseconds suspended_{0};
  std::optional<time_point> next_round_;
};

}  // namespace cluster::policy
