// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/options.hpp>
#include <cluster/worker.hpp>

#include <functional>

namespace cluster {

class supervisor;

/// The front door: a whole program in one call.
///
/// In the process that the user starts: reads the standard flags and their `CLUSTER_*` environment forms
/// over `defaults`, binds the listeners, starts the workers and supervises them until it is told to stop.
/// In a worker (the same program, started by the supervisor): makes the `worker` object and calls
/// `serve` with it; `serve` returns after the drain and its value is the worker's exit code.
///
/// Installs signal handlers (it owns the program). Returns the exit code: 0 clean, 1 failed while
/// running, 2 bad usage or configuration, 3 could not bind, 4 workers never became ready, 5 another
/// supervisor owns this cluster. Nothing is thrown; an exception out of `serve` ends that worker with
/// exit code 1 and one line on stderr.
CLUSTER_API int run(int argc, char** argv, options defaults, std::function<int(worker&)> serve);

/// The same, and in the supervisor's process `prepare` is called with the supervisor before anything starts:
/// for observers of events and for handlers of the workers' messages. What it throws ends the program with
/// exit code 1.
CLUSTER_API int run(int argc, char** argv, options defaults, std::function<int(worker&)> serve,
                    std::function<void(supervisor&)> prepare);

}  // namespace cluster
