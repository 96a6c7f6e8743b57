// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>

namespace cluster::policy {

using time_point = std::chrono::steady_clock::time_point;

/// `from` plus `span`; a span too long for the clock ends at its last moment instead of wrapping
/// into the past.
constexpr time_point after(time_point from, std::chrono::milliseconds span) {
  const auto room = std::chrono::duration_cast<std::chrono::milliseconds>(time_point::max() - from);
  return span >= room ? time_point::max() : from + span;
}

}  // namespace cluster::policy
