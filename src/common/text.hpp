// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cluster {

/// Appends `text` with control characters shown as \xNN, so that a message from elsewhere cannot forge
/// log lines or drive a terminal.
void append_printable(std::string& out, std::string_view text);

/// Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// The next word, taken off the front of `text`; words stand between blanks, tabulators and line feeds. Empty
/// at its end.
std::string_view take_word(std::string_view& text);

/// The next line without its line feed, taken off the front of `text`; nothing at its end.
std::optional<std::string_view> take_line(std::string_view& text);

/// A whole decimal number and nothing else.
CLUSTER_API std::optional<std::uint64_t> parse_number(std::string_view text);

/// `30s`, `500ms`, `2m`, `24h`, `0`; a bare number counts seconds.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// `512M`, `2G`, `64K`, in powers of 1024; a bare number counts bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// 2026-01-31T12:00:00.123Z
CLUSTER_API std::string utc_timestamp(std::chrono::system_clock::time_point at);

/// "400 ms", "30 s", "2 min": for people.
std::string describe(std::chrono::milliseconds);

/// The candidate that is nearest to `word` by edits, if it is near enough to be meant; else empty.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace cluster
