// SPDX-License-Identifier: BSL-1.0
#include "wire/date.hpp"

#include <chrono>
#include <cstring>

namespace cluster::wire {
namespace {

void two_digits(char* to, unsigned n) noexcept {
  to[0] = static_cast<char>('0' + n / 10 % 10);
  to[1] = static_cast<char>('0' + n % 10);
}

}  // namespace

void date_line::write(std::time_t now) noexcept {
  using namespace std::chrono;
  now_ = now;
  const sys_seconds time{seconds{now}};
  const sys_days day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));

  char* const text = text_.data();
  std::memcpy(text, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", text_.size());
  std::memcpy(text + 6, &"SunMonTueWedThuFriSat"[3 * weekday{day}.c_encoding()], 3);
  two_digits(text + 11, static_cast<unsigned>(date.day()));
  const unsigned month = static_cast<unsigned>(date.month()) - 1;
  std::memcpy(text + 14, &"JanFebMarAprMayJunJulAugSepOctNovDec"[std::size_t{3} * month], 3);
  two_digits(text + 18, year / 100);
  two_digits(text + 20, year);
  two_digits(text + 23, static_cast<unsigned>(clock.hours().count()));
  two_digits(text + 26, static_cast<unsigned>(clock.minutes().count()));
  two_digits(text + 29, static_cast<unsigned>(clock.seconds().count()));
}

std::string http_date(std::time_t when) {
  date_line line;
  line.set(when);
  return std::string(line.view().substr(6, 29));
}

}  // namespace cluster::wire
