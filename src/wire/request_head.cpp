// SPDX-License-Identifier: BSL-1.0
#include "wire/request_head.hpp"

#include "wire/chars.hpp"

#include <functional>

namespace cluster::wire {

std::string_view request_head::find(std::string_view name) const noexcept {
  for (const field& f : fields)
    if (equals_nocase(f.first, name)) return f.second;
  return {};
}

void request_head::rebase(const char* from, const char* to) noexcept {
  const char* const end = from + size;
  const auto move = [from, end, to](std::string_view& view) {
    const char* const at = view.data();
    if (std::less<>{}(at, from) || std::less<>{}(end, at)) return;
    view = std::string_view(to + (at - from), view.size());
  };
  move(method_text);
  move(target);
  move(path);
  move(query);
  move(host);
  for (field& f : fields) {
    move(f.first);
    move(f.second);
  }
}

}  // namespace cluster::wire
