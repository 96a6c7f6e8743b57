// SPDX-License-Identifier: BSL-1.0
#include "http/moved_state.hpp"

namespace cluster::http {
namespace {

constexpr char http_mark = 'h';

}  // namespace

std::string pack_state(const moved_state& state) {
  std::string out(1, http_mark);
  out.append(state.octets);
  return out;
}

std::optional<moved_state> unpack_state(std::string_view text) noexcept {
  if (text.empty()) return moved_state{};
  if (text.front() != http_mark) return std::nullopt;
  return moved_state{moved_state::kind::http, text.substr(1)};
}

}  // namespace cluster::http
