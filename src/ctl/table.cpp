// SPDX-License-Identifier: BSL-1.0
#include "ctl/table.hpp"

#include "ctl/words.hpp"

#include <algorithm>

namespace cluster::ctl {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t least_flexible = 8;

using rows_type = std::vector<std::vector<cell>>;

struct shown {
  std::size_t index;
  std::size_t width;
};

std::size_t natural_width(const column& what, std::size_t index, const rows_type& rows) {
  std::size_t width = what.title.size();
  for (const auto& row : rows) width = std::max(width, columns_of(row[index].text));
  return width;
}

std::size_t total(const std::vector<shown>& all, const std::vector<column>& columns) {
  std::size_t sum = all.empty() ? 0 : gap * (all.size() - 1);
  for (const shown& each : all)
    sum += columns[each.index].flexible ? std::min(each.width, least_flexible) : each.width;
  return sum;
}

bool empty_in_all(std::size_t index, const rows_type& rows) {
  return std::all_of(rows.begin(), rows.end(), [index](const auto& row) { return row[index].text.empty(); });
}

std::vector<shown> choose(const std::vector<column>& columns, const rows_type& rows, std::size_t width,
                          const std::vector<std::string>& chosen) {
  std::vector<shown> all;
  for (const std::string& name : chosen)
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (columns[i].name == name) all.push_back({i, natural_width(columns[i], i, rows)});
  if (!chosen.empty()) return all;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].from_width <= width && !empty_in_all(i, rows))
      all.push_back({i, natural_width(columns[i], i, rows)});
  while (all.size() > 1 && total(all, columns) > width) {
    // The last one of the widest layout goes first.
    const auto victim = std::max_element(all.begin(), all.end(), [&](const shown& a, const shown& b) {
      return columns[a.index].from_width <= columns[b.index].from_width;
    });
    all.erase(victim);
  }
  return all;
}

// What is left of the line goes to the flexible columns.
void stretch(std::vector<shown>& all, const std::vector<column>& columns, std::size_t width) {
  std::size_t used = total(all, columns);
  for (shown& each : all) {
    if (!columns[each.index].flexible) continue;
    const std::size_t least = std::min(each.width, least_flexible);
    const std::size_t room = width > used ? width - used : 0;
    const std::size_t more = std::min(each.width - least, room);
    each.width = least + more;
    used += more;
  }
}

}  // namespace

std::string painted(std::string_view text, colour paint, bool colours) {
  if (!colours || paint == colour::none || text.empty()) return std::string(text);
  const char* code = "";
  switch (paint) {
    case colour::none: break;
    case colour::strong: code = "1"; break;
    case colour::good: code = "32"; break;
    case colour::busy: code = "34"; break;
    case colour::warn: code = "33"; break;
    case colour::bad: code = "31"; break;
    case colour::faint: code = "2"; break;
  }
  return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

std::string printed(const std::vector<screen_line>& lines, bool colours) {
  std::string text;
  for (const screen_line& line : lines) {
    for (const cell& each : line.pieces) text += painted(each.text, each.paint, colours);
    text += '\n';
  }
  return text;
}

std::vector<screen_line> lay_out(const std::vector<column>& columns, const rows_type& rows, std::size_t width,
                                 const std::vector<std::string>& chosen) {
  std::vector<shown> all = choose(columns, rows, width, chosen);
  stretch(all, columns, width);
  const auto line_of = [&](const auto& cell_at) {
    screen_line line;
    for (const shown& where : all) {
      const bool last = &where == &all.back();
      const cell full = cell_at(where.index);
      cell cut{fit(full.text, where.width), full.paint};
      const std::string padding(where.width - columns_of(cut.text), ' ');
      if (columns[where.index].right) line.pieces.push_back({padding});
      line.pieces.push_back(std::move(cut));
      if (last) break;
      line.pieces.push_back({(columns[where.index].right ? "" : padding) + std::string(gap, ' ')});
    }
    return line;
  };
  std::vector<screen_line> lines;
  lines.push_back(line_of([&](std::size_t i) { return cell{std::string(columns[i].title), colour::faint}; }));
  for (const auto& row : rows) lines.push_back(line_of([&](std::size_t i) { return row[i]; }));
  return lines;
}

}  // namespace cluster::ctl
