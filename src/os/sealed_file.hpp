// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"
#include "os/unique_fd.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace cluster::os {

/// A memory file with this content, which nobody can change any more.
failure make_sealed_file(std::string_view content, unique_fd& out);

/// Reads the whole of one. A file that could still change, is none, or has another size is refused: its
/// sender is not trusted.
failure read_sealed_file(int fd, std::size_t size, std::string& out);

}  // namespace cluster::os
