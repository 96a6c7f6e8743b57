// SPDX-License-Identifier: BSL-1.0
#include "common/text.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

namespace cluster {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

// Length of the valid UTF-8 sequence at the start of `text`, 0 if there is none (RFC 3629).
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F)) return 0;
  if ((lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F)) return 0;
  return length;
}

// With zeros in front, so many digits, and what follows them.
void append_digits(std::string& out, unsigned number, std::size_t digits, char then) {
  out.append(digits, '0');
  for (auto digit = out.rbegin(); number != 0 && digits-- != 0; ++digit, number /= 10)
    *digit = static_cast<char>('0' + number % 10);
  out += then;
}

}  // namespace

void append_printable(std::string& out, std::string_view text) {
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte != 0x7F) {
      out += character;
    } else {
      out += "\\x";
      out += hex_digits[byte >> 4];
      out += hex_digits[byte & 0xF];
    }
  }
}

void append_json_string(std::string& out, std::string_view text) {
  boost::json::string valid;
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) valid.append("\xEF\xBF\xBD");
    else valid.append(text.data(), text.data() + length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += boost::json::serialize(valid);
}

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n"), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \t\n"));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::string_view> take_line(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, value);
  if (text.empty() || ec != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  struct unit {
    std::string_view suffix;
    std::uint64_t milliseconds;
  };
  // "ms" before "s": the first suffix that fits wins.
  static constexpr unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  std::uint64_t factor = 1000;
  for (const unit& candidate : units) {
    if (text.ends_with(candidate.suffix)) {
      text.remove_suffix(candidate.suffix.size());
      factor = candidate.milliseconds;
      break;
    }
  }
  constexpr std::uint64_t limit = 366ull * 24 * 3'600'000;  // a year: beyond it is a typing error
  const auto count = parse_number(text);
  if (!count || *count > limit / factor) return std::nullopt;
  return std::chrono::milliseconds{static_cast<std::int64_t>(*count * factor)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  unsigned shift = 0;
  if (text.ends_with('K')) shift = 10;
  else if (text.ends_with('M')) shift = 20;
  else if (text.ends_with('G')) shift = 30;
  else if (text.ends_with('T')) shift = 40;
  if (shift != 0) text.remove_suffix(1);
  const auto count = parse_number(text);
  if (!count || *count > ~std::uint64_t{0} >> shift) return std::nullopt;
  return *count << shift;
}

std::string utc_timestamp(std::chrono::system_clock::time_point at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::milliseconds>(at - day));
  std::string text;
  append_digits(text, static_cast<unsigned>(static_cast<int>(date.year())), 4, '-');
  append_digits(text, static_cast<unsigned>(date.month()), 2, '-');
  append_digits(text, static_cast<unsigned>(date.day()), 2, 'T');
  append_digits(text, static_cast<unsigned>(time.hours().count()), 2, ':');
  append_digits(text, static_cast<unsigned>(time.minutes().count()), 2, ':');
  append_digits(text, static_cast<unsigned>(time.seconds().count()), 2, '.');
  append_digits(text, static_cast<unsigned>(time.subseconds().count()), 3, 'Z');
  return text;
}

std::string describe(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  if (count < 1000) return std::to_string(count) + " ms";
  if (count % 60'000 == 0) return std::to_string(count / 60'000) + " min";
  if (count % 1000 == 0 || count >= 10'000) return std::to_string(count / 1000) + " s";
  return std::to_string(count / 1000) + "." + std::to_string(count % 1000 / 100) + " s";
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t best_distance = std::numeric_limits<std::size_t>::max();
  for (const std::string_view candidate : candidates) {
    // Levenshtein with one row.
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = i;
    for (std::size_t i = 0; i < word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i + 1;
      for (std::size_t j = 0; j < candidate.size(); ++j) {
        const std::size_t replaced = diagonal + (word[i] == candidate[j] ? 0 : 1);
        diagonal = row[j + 1];
        row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best_distance <= std::max<std::size_t>(1, word.size() / 3) ? best : std::string_view{};
}

}  // namespace cluster
