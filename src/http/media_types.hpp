// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace cluster::http {

/// By the ending of a file's name, whatever its case; application/octet-stream if that is not known.
std::string_view media_type_of(std::string_view path) noexcept;

}  // namespace cluster::http
