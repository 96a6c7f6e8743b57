// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace cluster::http {

/// Opens a file below a folder, whatever symbolic links there are, and never anything outside of it. Where
/// the kernel cannot do that by itself (before 5.6) no symbolic link is followed. Returns -1 and errno.
int open_below(int folder, const std::string& path, int flags) noexcept;

/// What open_below() does where the kernel cannot; exposed for its tests.
int open_below_by_steps(int folder, const std::string& path, int flags) noexcept;

}  // namespace cluster::http
