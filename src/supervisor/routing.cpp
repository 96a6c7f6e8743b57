// SPDX-License-Identifier: BSL-1.0
#include <cluster/routing.hpp>

#include <algorithm>
#include <cctype>
#include <utility>

namespace cluster {
namespace {

constexpr std::size_t head_size = 8 * 1024;

bool same_name(std::string_view one, std::string_view other) {
  return std::ranges::equal(one, other, [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

// "a=1; b=2": the value of `name`, or nothing.
std::string_view cookie_in(std::string_view field, std::string_view name) {
  while (!field.empty()) {
    const std::size_t end = std::min(field.find(';'), field.size());
    const std::string_view pair = trimmed(field.substr(0, end));
    field.remove_prefix(std::min(end + 1, field.size()));
    const std::size_t equals = pair.find('=');
    if (equals != pair.npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
  }
  return {};
}

// Complete lines only: the last one may have been cut in the middle of a value. What cannot become a request
// (TLS begins with 0x16) is not waited for.
connection_choice by_cookie(const incoming_connection& what, std::string_view name) {
  if (!what.first.empty() && static_cast<unsigned char>(what.first.front()) <= ' ') return {};
  std::string_view rest = what.first;
  for (std::size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
    const std::string_view line = trimmed(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    if (line.empty()) return {};  // the end of the head
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !same_name(line.substr(0, colon), "cookie")) continue;
    if (const auto value = cookie_in(line.substr(colon + 1), name); !value.empty())
      return connection_choice::by_key(value);
  }
  return {connection_choice::kind::more, 0};
}

}  // namespace

connection_router sticky_by_address() {
  return {[](const incoming_connection& what) {
            return what.address.empty() ? connection_choice{} : connection_choice::by_key(what.address);
          },
          0, std::chrono::milliseconds(1000)};
}

connection_router sticky_by_cookie(std::string name) {
  return {[name = std::move(name)](const incoming_connection& what) { return by_cookie(what, name); },
          head_size, std::chrono::milliseconds(1000)};
}

}  // namespace cluster
