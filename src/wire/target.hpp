// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire/limits.hpp"
#include "wire/request_head.hpp"

#include <string_view>

namespace cluster::wire {

/// Whether the text is `uri-host [":" port]` (RFC 9110 7.2) with a host that is not empty.
bool valid_authority(std::string_view text) noexcept;

/// Splits head.target, of whose octets each is a target octet, into path and query (and host, in
/// absolute-form) by the rules of RFC 9112 3.2. Returns status 0 when it is right.
refusal split_target(request_head& head) noexcept;

}  // namespace cluster::wire
