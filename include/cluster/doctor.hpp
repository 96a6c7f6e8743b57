// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace cluster {

/// One thing looked at on this machine, as it is for this process.
struct finding {
  std::string name;    ///< stable, for scripts: "open-files"
  std::string value;   ///< what was found: "1024 (hard limit 524288)"
  bool ok = true;      ///< false: it works, but worse than it could, or not at all
  std::string advice;  ///< one sentence on what follows from it
};

/// Looks at what a cluster depends on outside of itself: limits, the accept queue, kernel features, CPUs,
/// ports without privileges. Changes nothing, needs no privileges, never throws for what it finds.
CLUSTER_API std::vector<finding> diagnose();

/// How many CPUs this process may use: affinity and control-group quota looked at; at least 1.
CLUSTER_API std::size_t usable_cpus();

}  // namespace cluster
