// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace cluster::ctl {

// The exit codes that every program built on the library shares.
inline constexpr int exit_clean = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_bind = 3;
inline constexpr int exit_never_ready = 4;
inline constexpr int exit_owned = 5;

/// Of clusterctl itself: nobody answers where it looked.
inline constexpr int exit_no_cluster = 3;

/// What an exit code of such a program means, in words.
std::string_view meaning_of(int exit_code) noexcept;

}  // namespace cluster::ctl
