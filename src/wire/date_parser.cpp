// SPDX-License-Identifier: BSL-1.0
#include "wire/date.hpp"

#include <chrono>

namespace cluster::wire {
namespace {

constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";

// Takes parts off the front of a date; one that does not fit spoils the whole.
class date_reader {
 public:
  explicit date_reader(std::string_view text) noexcept : text_(text) {}

  bool good() const noexcept { return good_; }
  bool at_end() const noexcept { return good_ && text_.empty(); }

  void skip(std::string_view wanted) noexcept {
    if (!text_.starts_with(wanted)) return fail();
    text_.remove_prefix(wanted.size());
  }
  // A name of a day, short or long, as one of the names in the list of equally long ones.
  bool skip_one_of(std::string_view names, std::size_t size) noexcept {
    if (!good_ || text_.size() < size) return false;
    for (std::size_t i = 0; i < names.size(); i += size) {
      if (text_.substr(0, size) != names.substr(i, size)) continue;
      text_.remove_prefix(size);
      return true;
    }
    return false;
  }
  unsigned month() noexcept {
    for (unsigned m = 0; m < 12; ++m) {
      if (!text_.starts_with(month_names.substr(std::size_t{3} * m, 3))) continue;
      text_.remove_prefix(3);
      return m + 1;
    }
    fail();
    return 1;
  }
  unsigned number(std::size_t digits) noexcept {
    unsigned n = 0;
    if (text_.size() < digits) fail();
    for (std::size_t i = 0; good_ && i < digits; ++i) {
      const char c = text_[i];
      if (c < '0' || c > '9') fail();
      n = n * 10 + static_cast<unsigned>(c - '0');
    }
    if (good_) text_.remove_prefix(digits);
    return good_ ? n : 0;
  }
  // asctime pads with a space.
  unsigned padded_day() noexcept {
    if (!text_.starts_with(' ')) return number(2);
    text_.remove_prefix(1);
    return number(1);
  }

 private:
  void fail() noexcept { good_ = false; }

  std::string_view text_;
  bool good_ = true;
};

struct date_parts {
  unsigned year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0;

  void clock(date_reader& from) noexcept {
    hour = from.number(2);
    from.skip(":");
    minute = from.number(2);
    from.skip(":");
    second = from.number(2);
  }
  std::optional<std::time_t> seconds() const noexcept {
    using namespace std::chrono;
    const year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                              std::chrono::day(day)};
    if (!date.ok() || year < 1970 || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    const sys_seconds time = sys_days(date) + hours(hour) + minutes(minute) + std::chrono::seconds(second);
    return static_cast<std::time_t>(time.time_since_epoch().count());
  }
};

constexpr std::string_view short_days = "MonTueWedThuFriSatSun";

std::optional<std::time_t> parse_imf(std::string_view text) noexcept {
  date_reader from(text);
  if (!from.skip_one_of(short_days, 3)) return std::nullopt;
  date_parts parts;
  from.skip(", ");
  parts.day = from.number(2);
  from.skip(" ");
  parts.month = from.month();
  from.skip(" ");
  parts.year = from.number(4);
  from.skip(" ");
  parts.clock(from);
  from.skip(" GMT");
  return from.at_end() ? parts.seconds() : std::nullopt;
}

std::optional<std::time_t> parse_rfc850(std::string_view text, std::time_t now) noexcept {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::string_view day = text.substr(0, comma);
  bool known = false;
  for (const std::string_view name :
       {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"})
    known = known || day == name;
  if (!known) return std::nullopt;
  date_reader from(text.substr(comma));
  date_parts parts;
  from.skip(", ");
  parts.day = from.number(2);
  from.skip("-");
  parts.month = from.month();
  from.skip("-");
  const unsigned two = from.number(2);
  from.skip(" ");
  parts.clock(from);
  from.skip(" GMT");
  if (!from.at_end()) return std::nullopt;
  // More than fifty years ahead means the most recent past year with these digits.
  using namespace std::chrono;
  const year_month_day today{floor<days>(sys_seconds{std::chrono::seconds{now}})};
  const auto this_year = static_cast<unsigned>(static_cast<int>(today.year()));
  parts.year = this_year / 100 * 100 + two;
  if (parts.year > this_year + 50) parts.year -= 100;
  return parts.seconds();
}

std::optional<std::time_t> parse_asctime(std::string_view text) noexcept {
  date_reader from(text);
  if (!from.skip_one_of(short_days, 3)) return std::nullopt;
  date_parts parts;
  from.skip(" ");
  parts.month = from.month();
  from.skip(" ");
  parts.day = from.padded_day();
  from.skip(" ");
  parts.clock(from);
  from.skip(" ");
  parts.year = from.number(4);
  return from.at_end() ? parts.seconds() : std::nullopt;
}

}  // namespace

std::optional<std::time_t> parse_http_date(std::string_view text, std::time_t now) noexcept {
  if (const auto time = parse_imf(text)) return time;
  if (const auto time = parse_asctime(text)) return time;
  return parse_rfc850(text, now);
}

}  // namespace cluster::wire
