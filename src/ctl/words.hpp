// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cluster::ctl {

/// Seconds in at most six columns, two units where that says more: 4s, 2m01s, 3h12m, 12d4h, 340d.
std::string short_time(double seconds);
/// Octets in at most six columns, in powers of 1024: 812K, 18.2M, 1.5G.
std::string short_size(std::uint64_t bytes);
/// "41%", "0.4%".
std::string short_percent(double percent);
/// A number in at most five columns: 0, 4.2, 812, 18.2k, 2.1M.
std::string short_count(double number);
/// Microseconds as a time: 85us, 3.2ms, 1.5s.
std::string short_latency(double microseconds);
/// Seconds between a time stamp of the interface (UTC, ISO 8601) and `now`; negative if it cannot be read.
double seconds_since(std::string_view timestamp, double now);
/// Seconds since 1970, now.
double now_seconds();

/// Columns that a text takes on a terminal: code points, as long as they are narrow ones.
std::size_t columns_of(std::string_view text);
/// The front of a text in at most that many columns, with an ellipsis if something is missing.
std::string fit(std::string_view text, std::size_t columns);
/// Without control characters, so that nothing that a worker said drives the terminal.
std::string harmless(std::string_view text);

}  // namespace cluster::ctl
