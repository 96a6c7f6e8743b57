// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>

#include <vector>

namespace cluster::os {

/// Whether processes whose parents have died become children of this one: it is process 1 of a container, or
/// asked to be a subreaper.
bool inherits_orphans();

/// Collects ended children that this process has only inherited, and no others: those that `ours` names
/// keep their exit status for whoever waits for them.
void reap_strangers(const std::vector<pid_t>& ours);

}  // namespace cluster::os
