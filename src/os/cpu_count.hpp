// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cluster::os {

/// CPUs that this process may use: its affinity mask, bounded by the CPU quota of its control group and
/// of every group above it (v1 and v2), rounded up; at least 1.
std::size_t usable_cpus();

/// The same for control groups, from given files, so that it can be tested without any: `root` stands
/// for "/". Zero means no quota.
std::size_t cgroup_cpu_quota(const std::string& root);

/// The numbers of the CPUs that this process may run on, in order; empty if that cannot be found out.
std::vector<int> allowed_cpus();

}  // namespace cluster::os
