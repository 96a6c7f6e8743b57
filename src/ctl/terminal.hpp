// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace cluster::ctl {

/// Columns of stdout: COLUMNS, else of the terminal; without one wide enough that nothing is cut.
std::size_t output_width();
bool output_is_terminal();
/// Colours only on a terminal, and not with NO_COLOR or TERM=dumb.
bool output_has_colours();

/// Writes to stdout and flushes; false when nobody reads it any more.
bool print(std::string_view text);

/// From now on INT and TERM only set a mark, so that a verb that runs on can leave tidily.
void catch_interrupts();
bool interrupted();
/// How long a verb that follows something reads before it looks again whether it was interrupted: a signal
/// that comes between the look and the read does not end the read.
inline constexpr std::chrono::seconds between_looks{1};
/// For that long, or until interrupted; also if that came a moment before.
void rest(std::chrono::milliseconds time);

}  // namespace cluster::ctl
