// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/http/request.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace cluster::http {

/// A field or a file of a form, as browsers send it with enctype="multipart/form-data" (RFC 7578). Views into
/// the request's content, valid as long as that. Names are as they were sent: browsers write quotes and line
/// ends within as %22, %0D and %0A. Never use a file name as a path.
struct form_part {
  std::string_view name;
  std::string_view filename;      ///< may be empty though there is a file: none was chosen
  std::string_view content_type;  ///< empty: text/plain
  std::string_view body;
  bool is_file = false;  ///< a file name was sent
};

/// An aggregate for designated initialisers. Beyond them the content counts as broken.
struct form_limits {
  std::size_t parts = 128;
  std::size_t head_bytes = 4096;  ///< header section of one part
};

/// The parts of the request's content in order. Nothing if it is not of that type or is not written by the
/// rules: answer 400 then. The size of it all is bounded by server_options::body_bytes or the route's limit.
CLUSTER_API std::optional<std::vector<form_part>> form_parts(const request& from,
                                                             const form_limits& limits = {});

}  // namespace cluster::http
