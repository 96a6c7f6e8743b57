// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cluster::ctl {

/// The word nearest to `word` by edits, if it is near enough to have been meant; else empty.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace cluster::ctl
