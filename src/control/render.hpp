// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/event.hpp>
#include <cluster/supervisor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace cluster::control {

/// What was measured of one worker; what was not is left out of every answer.
struct measured {
  std::optional<double> cpu_percent;   ///< of one CPU
  std::optional<double> busy_percent;  ///< of its event loop's time
  std::optional<double> requests_per_s;
  std::optional<std::chrono::microseconds> cpu;
  std::optional<std::uint64_t> rss_bytes;
  std::optional<std::uint64_t> pss_bytes;
};
using measurements = std::map<worker_id, measured>;

/// "starting" until a worker was ready, "running", "stopping", "stopped".
std::string_view state_of(const cluster_status&);

/// The answer to GET /v1/status.
std::string status_json(const cluster_status&, const measurements&);
std::string report_json(const reload_report&);
std::string event_json(const event&);
std::string line_json(const output_line&);
/// One server-sent event; `run` tells this life of the server from another one.
std::string event_block(const event&, const std::string& run);

/// The answer to GET /metrics: Prometheus text format 0.0.4.
std::string metrics_text(const cluster_status&, const measurements&);

/// Whether the cluster can serve, and if not, why.
struct readiness_report {
  bool ready = false;
  bool alive = false;  ///< some worker serves or is on its way
  std::string reason;  ///< of not ready
};
readiness_report readiness_of(const cluster_status&);
std::string readiness_json(const cluster_status&, const readiness_report&);

/// What turns growing numbers of a worker into rates: those between two looks at it.
class rate_meter {
 public:
  using clock = std::chrono::steady_clock;
  struct numbers {
    std::chrono::microseconds cpu{0};
    std::chrono::nanoseconds busy{0};
    std::uint64_t requests = 0;
  };
  /// Since the look before, if that is at least half a second ago; else since the one before that; at
  /// first since its start.
  void measure(worker_id, const numbers&, std::chrono::milliseconds uptime, clock::time_point now,
               measured& into);
  /// Forgets all but these.
  void keep_only(const cluster_status&);
  std::size_t size() const { return looks_.size(); }

 private:
  static constexpr std::chrono::milliseconds least{500};
  struct look {
    clock::time_point at;
    numbers seen;
  };
  struct looks {
    look from;
    look latest;
  };
  std::map<worker_id, looks> looks_;
};

}  // namespace cluster::control
