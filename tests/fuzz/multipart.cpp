// SPDX-License-Identifier: BSL-1.0
// Forms of several parts: the first line is the value of Content-Type, the rest the content. Whatever comes,
// parts are views into the content, in order, and within the limits.
#include "wire/multipart.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

using namespace cluster::wire;

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

bool within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view content(reinterpret_cast<const char*>(data), size);
  const std::size_t line = content.find('\n');
  if (line == std::string_view::npos) return 0;
  const auto found = multipart_boundary(content.substr(0, line));
  content.remove_prefix(line + 1);
  const std::string_view boundary = found ? *found : "XX";
  require(!boundary.empty() && boundary.size() <= 70, "the boundary");
  const multipart_limits limits{4, 200};
  const auto parts = read_multipart(content, boundary, limits);
  if (!parts) return 0;
  require(parts->size() <= limits.parts, "the number of parts");
  const char* from = content.data();
  for (const form_part& each : *parts) {
    for (const std::string_view view : {each.name, each.filename, each.content_type, each.body})
      require(within(view, content), "a view");
    require(each.name.size() + each.filename.size() <= limits.head_bytes, "the head");
    require(each.body.data() >= from, "the order");
    from = each.body.data() + each.body.size();
    const std::string_view after = content.substr(static_cast<std::size_t>(from - content.data()));
    require(after.find("--") != std::string_view::npos, "an end behind each part");
  }
  return 0;
}
