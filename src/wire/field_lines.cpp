// SPDX-License-Identifier: BSL-1.0
#include "wire/chars.hpp"
#include "wire/response_writer.hpp"

namespace cluster::wire {
namespace {

// The next line of the text, which is taken off the front, without its line end.
std::string_view next_line(std::string_view& lines) noexcept {
  const std::size_t end = lines.find("\r\n");
  const std::string_view line = lines.substr(0, end);
  lines.remove_prefix(line.size() + 2);
  return line;
}

bool is_named(std::string_view line, std::string_view name) noexcept {
  return line.size() > name.size() && line[name.size()] == ':' &&
         equals_nocase(line.substr(0, name.size()), name);
}

}  // namespace

bool valid_field_name(std::string_view name) noexcept {
  return !name.empty() && all_chars(name, chars::token);
}

bool valid_field_value(std::string_view value) noexcept { return all_chars(value, chars::value); }

void append_field(std::string& lines, std::string_view name, std::string_view value) {
  lines.reserve(lines.size() + name.size() + value.size() + 4);
  lines.append(name).append(": ").append(trim(value)).append("\r\n");
}

std::string_view find_field(std::string_view lines, std::string_view name) noexcept {
  while (!lines.empty()) {
    const std::string_view line = next_line(lines);
    if (is_named(line, name)) return trim(line.substr(name.size() + 1));
  }
  return {};
}

void erase_field(std::string& lines, std::string_view name) {
  std::size_t at = 0;
  while (at < lines.size()) {
    std::string_view rest = std::string_view(lines).substr(at);
    const std::string_view line = next_line(rest);
    if (is_named(line, name)) lines.erase(at, line.size() + 2);
    else at += line.size() + 2;
  }
}

}  // namespace cluster::wire
