// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace cluster::wire {

/// The field line `Date: Sun, 06 Nov 1994 08:49:37 GMT` CR LF (RFC 9110 5.6.7, 6.6.1), made anew only
/// when the second has changed.
class date_line {
 public:
  /// Seconds since the epoch, not before it.
  void set(std::time_t now) noexcept {
    if (now != now_) write(now);
  }
  std::string_view view() const noexcept { return {text_.data(), text_.size()}; }

 private:
  void write(std::time_t now) noexcept;

  std::time_t now_ = -1;
  std::array<char, 37> text_{};
};

/// "Sun, 06 Nov 1994 08:49:37 GMT" for seconds since the epoch, not before it.
std::string http_date(std::time_t when);

/// Reads all three forms of an HTTP-date (RFC 9110 5.6.7): the one above, RFC 850's and asctime's. `now`
/// decides about the century of a year of two digits. Nothing for anything else, and for times before the
/// epoch.
std::optional<std::time_t> parse_http_date(std::string_view text, std::time_t now) noexcept;

}  // namespace cluster::wire
