// SPDX-License-Identifier: BSL-1.0
#include "wire/forwarded.hpp"

#include "wire/chars.hpp"
#include "wire/target.hpp"

namespace cluster::wire {
namespace {

void add(std::vector<hop>& to, const hop& what) {
  if (to.size() == most_hops) to.erase(to.begin());
  to.push_back(what);
}

// The length of the text up to a separator that is not within quotes.
std::size_t until(std::string_view text, char separator) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') ++i;
    else if (text[i] == '"') quoted = !quoted;
    else if (!quoted && text[i] == separator) return i;
  }
  return text.size();
}

std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t end = until(rest, separator);
  const std::string_view part = trim(rest.substr(0, end));
  rest = end < rest.size() ? rest.substr(end + 1) : std::string_view{};
  return part;
}

// False if it is neither a token nor a quoted text.
bool take_value(std::string_view text, std::string_view& out) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
    if (text.find_first_of("\"\\") != text.npos) return false;
    out = text;
    return true;
  }
  if (text.empty() || !all_chars(text, chars::token)) return false;
  out = text;
  return true;
}

bool read_element(std::string_view element, hop& out) {
  while (!element.empty()) {
    const std::string_view pair = next_part(element, ';');
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    std::string_view value;
    if (equals == pair.npos || !take_value(pair.substr(equals + 1), value)) return false;
    const std::string_view name = pair.substr(0, equals);
    std::string_view* const place = equals_lower(name, "for")     ? &out.client
                                    : equals_lower(name, "proto") ? &out.scheme
                                    : equals_lower(name, "host")  ? &out.host
                                                                  : nullptr;
    if (place != nullptr && !place->empty()) return false;  // twice in one element
    if (place != nullptr) *place = value;
  }
  return true;
}

std::string_view last_element(const request_head& head, std::string_view name) {
  std::string_view last;
  for (const auto& [key, value] : head.fields) {
    if (!equals_lower(key, name)) continue;
    for (std::string_view rest = value; !rest.empty();)
      if (const std::string_view element = next_element(rest); !element.empty()) last = element;
  }
  return last;
}

// Only what may stand there is passed on.
hop checked(hop what) {
  if (!equals_lower(what.scheme, "http") && !equals_lower(what.scheme, "https")) what.scheme = {};
  if (!valid_authority(what.host)) what.host = {};
  return what;
}

}  // namespace

std::vector<hop> forwarded_hops(const request_head& head) {
  std::vector<hop> all;
  for (const auto& [key, value] : head.fields) {
    if (!equals_lower(key, "forwarded")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::string_view element = next_part(rest, ',');
      if (element.empty()) continue;
      hop one;
      add(all, read_element(element, one) ? checked(one) : hop{});
    }
  }
  return all;
}

std::vector<hop> x_forwarded_hops(const request_head& head) {
  const hop common =
      checked({{}, last_element(head, "x-forwarded-proto"), last_element(head, "x-forwarded-host")});
  std::vector<hop> all;
  for (const auto& [key, value] : head.fields) {
    if (!equals_lower(key, "x-forwarded-for")) continue;
    for (std::string_view rest = value; !rest.empty();)
      if (const std::string_view element = next_element(rest); !element.empty())
        add(all, {element, common.scheme, common.host});
  }
  if (all.empty() && (!common.scheme.empty() || !common.host.empty())) add(all, common);
  return all;
}

}  // namespace cluster::wire
