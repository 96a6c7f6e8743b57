// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace cluster::ctl {

/// The whole of clusterctl, given its arguments without its own name; returns the exit code.
int main(std::vector<std::string> arguments);

}  // namespace cluster::ctl
