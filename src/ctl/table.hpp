// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cluster::ctl {

enum class colour : std::uint8_t { none, strong, good, busy, warn, bad, faint };

struct cell {
  std::string text;
  colour paint = colour::none;
};

/// One column: what it is called, and from which terminal width on it is shown.
struct column {
  std::string_view name;   ///< for --columns
  std::string_view title;  ///< in the header
  std::size_t from_width;  ///< of the layout that brings it in
  bool right;              ///< numbers
  bool flexible;           ///< may be cut to what is left
};

/// Text in `paint` if colours are wanted.
std::string painted(std::string_view text, colour paint, bool colours);

/// One line of a screen: pieces of text, each in its colour. A chosen line is shown in reverse.
struct screen_line {
  std::vector<cell> pieces;
  bool chosen = false;
};

/// As text, one line each.
std::string printed(const std::vector<screen_line>& lines, bool colours);

/// Titles and rows in at most `width` columns, aligned. Columns come in by the width; those of a wider
/// layout are left out first if the contents do not fit. A column in which every cell is empty is left
/// out, unless `chosen` names it; with `chosen`, these columns and no others, in that order.
std::vector<screen_line> lay_out(const std::vector<column>& columns,
                                 const std::vector<std::vector<cell>>& rows, std::size_t width,
                                 const std::vector<std::string>& chosen = {});

}  // namespace cluster::ctl
