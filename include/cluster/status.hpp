// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/event.hpp>
#include <cluster/listener.hpp>
#include <cluster/options.hpp>
#include <cluster/statistics.hpp>
#include <cluster/types.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cluster {

/// One worker as status() shows it.
struct worker_status {
  worker_id id;
  slot_id slot;
  generation_id generation;
  int pid = 0;
  worker_state state{};
  bool hung = false;                    ///< it is ready and its event loop stands still
  bool paused = false;                  ///< its process is stopped on request; see supervisor::pause
  std::chrono::milliseconds uptime{0};  ///< since it was started
  std::uint64_t restarts = 0;           ///< of its slot, since the cluster was started
  worker_statistics statistics;         ///< as the worker counts; read without asking it
};

/// How one worker ended.
struct worker_exit {
  worker_id worker;
  generation_id generation;
  int pid = 0;
  exit_reason reason{};
  exit_status status;
  std::chrono::system_clock::time_point at{};
};

/// What came to pass in one slot since the cluster was started. Only grows, whoever has the slot.
struct slot_history {
  std::uint64_t starts = 0;          ///< workers started, the present one included
  std::chrono::microseconds cpu{0};  ///< CPU time of its workers that are gone
  cluster::traffic traffic;          ///< of its workers that are gone
  std::vector<worker_exit> exits;    ///< the last five, newest first
};

/// Counted since the cluster was started. Only grows.
struct cluster_counters {
  std::uint64_t workers_started = 0;
  std::uint64_t launches_failed = 0;
  std::uint64_t output_lines = 0;          ///< captured
  std::uint64_t output_lines_dropped = 0;  ///< came too fast, or were not taken where they were to go
  std::uint64_t handler_failures = 0;      ///< reports of them; a worker sums up what comes too fast
  std::array<std::uint64_t, 9> exits{};    ///< by exit_reason
  std::array<std::uint64_t, 4> reloads{};  ///< by reload_report::outcome
};

/// A rolling replacement under way.
struct rollout_status {
  generation_id from;
  generation_id to;
  std::size_t slots_total = 0;
  std::size_t slots_done = 0;
  bool going_back = false;  ///< it failed or was aborted, and replaced slots get the old generation again
};

/// What one worker uses of the machine.
struct worker_usage {
  std::chrono::microseconds cpu{0};  ///< CPU time since its start, with children it waited for
  std::uint64_t rss_bytes = 0;       ///< resident memory
  std::uint64_t pss_bytes = 0;       ///< the same, shared pages divided among their users; if asked for
};

/// What a rolling replacement came to.
struct reload_report {
  enum class outcome : std::uint8_t {
    completed,    ///< every slot has a worker of the new generation
    failed,       ///< stopped; slots that were not replaced were never touched
    rolled_back,  ///< stopped, and all slots serve what served before
    aborted       ///< taken back on request, or ended by a stop of the cluster
  };

  outcome how = outcome::completed;
  generation_id from;
  generation_id to;
  std::size_t slots_total = 0;
  std::size_t slots_done = 0;
  std::chrono::milliseconds took{0};
  std::uint64_t connections_moved = 0;  ///< handed over alive to another worker
  std::uint64_t requests_finished = 0;  ///< answered by draining workers
  std::string stage;                    ///< of a failure: launch, start, soak, handed_over
  std::string reason;                   ///< of a failure, in words
};

/// What became of a wish to listen somewhere, or to do so no more.
struct listener_change {
  std::vector<listener> listeners;  ///< that were added or taken away; without descriptors
  std::string reason;               ///< of a failure, in words
};

/// The cluster at one moment.
struct cluster_status {
  std::string name;
  int pid = 0;
  std::string version;     ///< options::version, of the program
  std::string executable;  ///< the path that workers run
  generation_id generation;
  std::size_t target = 0;  ///< wanted number of workers
  std::size_t ready = 0;   ///< workers that are ready now
  scale_range scaling;     ///< between which `target` follows the load; zero: it does not
  bool stopping = false;
  bool captures_output = false;             ///< options::capture_output
  cluster::schedule schedule{};             ///< options::schedule, or that of workers that were taken over
  std::vector<std::string> listeners;       ///< where it really listens, as URIs
  std::vector<std::string> listener_names;  ///< of the same, as workers see them
  std::vector<worker_status> workers;       ///< the living ones, by slot
  std::chrono::milliseconds uptime{0};      ///< since async_run
  std::optional<rollout_status> rollout;
  std::optional<reload_report> last_reload;  ///< the last one that ended
  std::vector<slot_history> slots;           ///< by slot; those that were taken away stay
  cluster_counters counters;
  traffic totals;                     ///< of all workers, those that are gone included
  latency_histogram latency;          ///< likewise
  std::vector<route_traffic> routes;  ///< likewise, by name; at most 128 and "other"
};

}  // namespace cluster
