// SPDX-License-Identifier: BSL-1.0
#include "http/preconditions.hpp"

#include "wire/chars.hpp"
#include "wire/date.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace cluster::http {
namespace {

// Whether one of the entity tags in all fields of that name is the given one; "*" is every one. With `weak`
// a mark of weakness is overlooked (RFC 9110 8.8.3.2).
bool lists(const request& asked, std::string_view name, std::string_view etag, bool weak) {
  for (const auto& [field_name, value] : asked.fields()) {
    if (!wire::equals_nocase(field_name, name)) continue;
    std::string_view rest = wire::trim(value);
    if (rest == "*") return true;
    while (!rest.empty()) {
      const bool is_weak = rest.starts_with("W/");
      if (is_weak) rest.remove_prefix(2);
      if (!rest.starts_with('"')) break;  // no entity tag: nothing behind it can be trusted either
      const std::size_t end = rest.find('"', 1);
      if (end == std::string_view::npos) break;
      if (rest.substr(0, end + 1) == etag && (weak || !is_weak)) return true;
      rest = wire::trim(rest.substr(end + 1));
      if (!rest.starts_with(',')) break;
      while (rest.starts_with(',')) rest = wire::trim(rest.substr(1));
    }
  }
  return false;
}

// A date that cannot be read is as if it were not there.
std::optional<std::time_t> date_in(const request& asked, std::string_view name, std::time_t now) {
  return wire::parse_http_date(asked.field(name), now);
}

bool range_holds(const request& asked, const validators& of, std::time_t now) {
  if (!asked.has_field("If-Range")) return true;
  const std::string_view wanted = asked.field("If-Range");
  if (wanted.starts_with('"')) return wanted == of.etag;
  // A date has to be the very one, and old enough to be a strong validator (RFC 9110 8.8.2.2).
  const auto date = wire::parse_http_date(wanted, now);
  return date && *date == of.modified && now - of.modified >= 60;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (ec == std::errc::result_out_of_range) return ~std::uint64_t{0};
  return ec == std::errc{} ? std::optional(n) : std::nullopt;
}

selection range(std::string_view value, std::uint64_t size) {
  const selection whole{selection::result::whole, 0, size};
  const selection none{selection::result::unsatisfiable, 0, 0};
  if (value.size() < 6 || !wire::equals_lower(value.substr(0, 6), "bytes=")) return whole;
  const std::string_view spec = wire::trim(value.substr(6));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return whole;
  const auto last = number(spec.substr(dash + 1));
  if (dash == 0) {
    if (!last) return whole;
    if (*last == 0 || size == 0) return none;
    const std::uint64_t length = std::min(*last, size);
    return {selection::result::part, size - length, length};
  }
  const auto first = number(spec.substr(0, dash));
  const bool open_end = dash + 1 == spec.size();
  if (!first || (!last && !open_end) || (last && *last < *first)) return whole;
  if (*first >= size) return none;
  const std::uint64_t most = size - *first;
  return {selection::result::part, *first, last ? std::min(*last - *first, most - 1) + 1 : most};
}

}  // namespace

selection select(const request& asked, const validators& of, std::time_t now) {
  if (asked.has_field("If-Match")) {
    if (!lists(asked, "If-Match", of.etag, false)) return {selection::result::failed, 0, 0};
  } else if (const auto date = date_in(asked, "If-Unmodified-Since", now); date && of.modified > *date) {
    return {selection::result::failed, 0, 0};
  }
  if (asked.has_field("If-None-Match")) {
    if (lists(asked, "If-None-Match", of.etag, true)) return {selection::result::unchanged, 0, 0};
  } else if (const auto date = date_in(asked, "If-Modified-Since", now); date && of.modified <= *date) {
    return {selection::result::unchanged, 0, 0};
  }
  if (asked.method() != verb::get || !asked.has_field("Range") || !range_holds(asked, of, now))
    return {selection::result::whole, 0, of.size};
  return range(asked.field("Range"), of.size);
}

}  // namespace cluster::http
