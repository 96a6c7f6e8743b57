// SPDX-License-Identifier: BSL-1.0
#include "wire/multipart.hpp"

#include "wire/chars.hpp"

#include <string>
#include <utility>

namespace cluster::wire {
namespace {

constexpr std::string_view crlf = "\r\n";

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

std::string_view take_token(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_char(text[n], chars::token)) ++n;
  const std::string_view token = text.substr(0, n);
  text.remove_prefix(n);
  return token;
}

// A token, or what stands between quotes. Browsers write quotes within as %22, and a backslash as it is, so
// one means itself unless a quote follows.
bool take_parameter_value(std::string_view& text, std::string_view& out) {
  if (!take_prefix(text, "\"")) {
    out = take_token(text);
    return !out.empty();
  }
  std::size_t n = 0;
  while (n < text.size() && text[n] != '"')
    n += text[n] == '\\' && n + 1 < text.size() && text[n + 1] == '"' ? 2U : 1U;
  if (n >= text.size()) return false;
  out = text.substr(0, n);
  text.remove_prefix(n + 1);
  return true;
}

// `; name=value` again and again, to the end. False if it is not written so.
template <class Each>
bool read_parameters(std::string_view rest, Each each) {
  for (skip_blanks(rest); !rest.empty(); skip_blanks(rest)) {
    if (!take_prefix(rest, ";")) return false;
    skip_blanks(rest);
    if (rest.empty()) return true;  // a semicolon at the end does no harm
    const std::string_view name = take_token(rest);
    std::string_view value;
    if (name.empty() || !take_prefix(rest, "=") || !take_parameter_value(rest, value)) return false;
    if (!each(name, value)) return false;
  }
  return true;
}

bool boundary_char(char c) {
  return is_char(c, chars::digit) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
         std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

bool read_disposition(std::string_view value, form_part& out) {
  if (!equals_lower(take_token(value), "form-data")) return false;
  bool named = false;
  const bool good = read_parameters(value, [&](std::string_view name, std::string_view text) {
    if (equals_lower(name, "name")) {
      out.name = text;
      return !std::exchange(named, true);  // twice would be two meanings
    }
    if (equals_lower(name, "filename")) {
      out.filename = text;
      return !std::exchange(out.has_filename, true);
    }
    return true;
  });
  return good && named;
}

// Up to and with the empty line.
bool read_head(std::string_view& rest, const multipart_limits& limits, form_part& out) {
  bool disposed = false;
  std::size_t used = 0;
  for (;;) {
    const std::size_t end = rest.substr(0, limits.head_bytes - used + crlf.size()).find(crlf);
    if (end == std::string_view::npos) return false;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + crlf.size());
    if (line.empty()) return disposed;
    used += line.size() + crlf.size();
    if (used > limits.head_bytes) return false;
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos || !all_chars(line.substr(0, colon), chars::token))
      return false;
    const std::string_view value = trim(line.substr(colon + 1));
    if (!all_chars(value, chars::value)) return false;
    if (equals_lower(line.substr(0, colon), "content-disposition")) {
      if (std::exchange(disposed, true) || !read_disposition(value, out)) return false;
    }
    if (equals_lower(line.substr(0, colon), "content-type")) out.content_type = value;
  }
}

}  // namespace

std::optional<std::string_view> multipart_boundary(std::string_view content_type) noexcept {
  constexpr std::string_view type = "multipart/form-data";
  content_type = trim(content_type);
  if (content_type.size() < type.size() || !equals_lower(content_type.substr(0, type.size()), type))
    return std::nullopt;
  std::string_view found;
  int count = 0;
  const bool good =
      read_parameters(content_type.substr(type.size()), [&](std::string_view name, std::string_view value) {
        if (equals_lower(name, "boundary")) {
          found = value;
          ++count;
        }
        return true;
      });
  if (!good || count != 1 || found.empty() || found.size() > 70 || found.back() == ' ') return std::nullopt;
  for (const char c : found)
    if (!boundary_char(c)) return std::nullopt;
  return found;
}

std::optional<std::vector<form_part>> read_multipart(std::string_view content, std::string_view boundary,
                                                     const multipart_limits& limits) {
  std::string delimiter(crlf);
  delimiter.append("--").append(boundary);
  // The first one may stand at the very beginning, without a line before it.
  std::string_view rest = content;
  if (!take_prefix(rest, std::string_view(delimiter).substr(crlf.size()))) {
    const std::size_t first = rest.find(delimiter);
    if (first == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(first + delimiter.size());
  }
  std::vector<form_part> parts;
  for (;;) {
    if (take_prefix(rest, "--")) return parts;  // what stands behind it means nothing
    skip_blanks(rest);
    if (!take_prefix(rest, crlf) || parts.size() == limits.parts) return std::nullopt;
    form_part& one = parts.emplace_back();
    if (!read_head(rest, limits, one)) return std::nullopt;
    // Content may be empty: then the line end before the delimiter is the one behind the head.
    if (rest.starts_with(std::string_view(delimiter).substr(crlf.size()))) {
      one.body = rest.substr(0, 0);
      rest.remove_prefix(delimiter.size() - crlf.size());
      continue;
    }
    const std::size_t end = rest.find(delimiter);
    if (end == std::string_view::npos) return std::nullopt;
    one.body = rest.substr(0, end);
    rest.remove_prefix(end + delimiter.size());
  }
}

}  // namespace cluster::wire
