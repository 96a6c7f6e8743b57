// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire/request_head.hpp"

#include <string_view>
#include <vector>

namespace cluster::wire {

/// What one proxy wrote down of the request that it got. Views into the field; empty: it said nothing.
struct hop {
  std::string_view client;
  std::string_view scheme;
  std::string_view host;
};

/// Of more than so many the last ones.
inline constexpr std::size_t most_hops = 32;

/// The elements of all Forwarded fields (RFC 7239), in order: the proxy that is nearest to us comes last. One
/// that is not written by the rules is an empty hop. Quoted values are shown without their quotes; with a
/// backslash in them they are left out.
std::vector<hop> forwarded_hops(const request_head& head);

/// The same of X-Forwarded-For; scheme and host are those of X-Forwarded-Proto and X-Forwarded-Host, their
/// last elements, at every hop.
std::vector<hop> x_forwarded_hops(const request_head& head);

}  // namespace cluster::wire
