// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string_view>

namespace cluster {

/// Writes a line, with its end, to standard error without ever waiting for whoever reads it. What finds no
/// room is kept, up to a bound, and goes first the next time; what does not fit there either is dropped,
/// counted, and the count is written when there is room again. From any thread.
///
/// Nobody else who has the same pipe or terminal is changed by it: where the stream may block, it is opened
/// once more, for a description of our own.
void write_to_stderr(std::string_view line) noexcept;

/// Whether standard error is the journal's: JOURNAL_STREAM names the socket that it gave to this service.
bool stderr_is_journal() noexcept;

/// What is kept at most, in octets.
inline constexpr std::size_t kept_log = 64 * 1024;

}  // namespace cluster
