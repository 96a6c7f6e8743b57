// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <ctime>
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

}  // namespace cluster::wire
