// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/options.hpp>

namespace cluster::run_detail {

/// A parent for the supervisor, small enough never to fail: starts it, starts it again when it dies, hands
/// signals on, and collects what is inherited. It listens nowhere and holds nothing but what it was started
/// with. Returns the exit code of the supervisor that was meant to end.
int keep(options settings, int argc, char** argv);

/// In a supervisor that was started by a keeper: takes the mark out of the environment, and says what it was.
enum class kept { no, yes, only_to_stop };
kept started_by_keeper();

}  // namespace cluster::run_detail
