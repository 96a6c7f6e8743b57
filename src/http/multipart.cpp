// SPDX-License-Identifier: BSL-1.0
#include <cluster/http/multipart.hpp>

#include "wire/multipart.hpp"

namespace cluster::http {

std::optional<std::vector<form_part>> form_parts(const request& from, const form_limits& limits) {
  const auto boundary = wire::multipart_boundary(from.field("Content-Type"));
  if (!boundary) return std::nullopt;
  const auto found = wire::read_multipart(from.body(), *boundary, {limits.parts, limits.head_bytes});
  if (!found) return std::nullopt;
  std::vector<form_part> out;
  out.reserve(found->size());
  for (const wire::form_part& each : *found)
    out.push_back({each.name, each.filename, each.content_type, each.body, each.has_filename});
  return out;
}

}  // namespace cluster::http
