// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace cluster::os {

/// The whole text of a file, of at most `limit` bytes; nothing, and errno says why, if it cannot be read or
/// has more (EFBIG). By plain reads: a file stream brings the locales of the C++ library into every process,
/// which costs an idle cluster a third of a mebibyte, and part of each start.
std::optional<std::string> read_text_file(const std::string& path, std::size_t limit = 16 << 20);

}  // namespace cluster::os
