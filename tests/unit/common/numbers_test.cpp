// SPDX-License-Identifier: BSL-1.0
#include "common/text.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <limits>
#include <string>

using namespace cluster;
using std::chrono::milliseconds;

namespace {

struct number_case {
  std::string_view text;
  std::optional<std::uint64_t> value;
};

struct duration_case {
  std::string_view text;
  std::optional<std::int64_t> milliseconds;
};

}  // namespace

TEST_CASE("sizes are in bytes or in powers of 1024") {
  CHECK(parse_size("0") == 0U);
  CHECK(parse_size("4096") == 4096U);
  CHECK(parse_size("64K") == 65536U);
  CHECK(parse_size("512M") == 512U * 1024 * 1024);
  CHECK(parse_size("2G") == std::uint64_t{2} << 30);
  CHECK(parse_size("16777215T") == std::uint64_t{16777215} << 40);
  for (const char* text : {"", "M", "-1M", "1.5G", "1 G", "1GB", "1m", "16777216T", "99999999999999999999"})
    CHECK_FALSE(parse_size(text));
}

TEST_CASE("a number is all of the text, decimal, and fits 64 bits") {
  const auto each = GENERATE(values<number_case>({
      {"0", 0},
      {"7", 7},
      {"007", 7},
      {"65535", 65535},
      {"18446744073709551615", std::numeric_limits<std::uint64_t>::max()},
      {"18446744073709551616", std::nullopt},
      {"99999999999999999999999999", std::nullopt},
      {"", std::nullopt},
      {" 1", std::nullopt},
      {"1 ", std::nullopt},
      {"+1", std::nullopt},
      {"-1", std::nullopt},
      {"-0", std::nullopt},
      {"0x10", std::nullopt},
      {"1e3", std::nullopt},
      {"1.5", std::nullopt},
      {"1,000", std::nullopt},
      {"one", std::nullopt},
      {"\xD9\xA1", std::nullopt},  // ARABIC-INDIC DIGIT ONE
      {std::string_view("1\0", 2), std::nullopt},
  }));
  INFO("text: '" << each.text << "'");
  CHECK(parse_number(each.text) == each.value);
}

TEST_CASE("a number ends with its view, whatever memory follows") {
  const std::string text = "12345";
  CHECK(parse_number(std::string_view(text).substr(0, 2)) == 12U);
}

TEST_CASE("a duration is a whole number with ms, s, m or h; a bare one counts seconds") {
  const auto each = GENERATE(values<duration_case>({
      {"0", 0},
      {"0ms", 0},
      {"1", 1000},
      {"500ms", 500},
      {"30s", 30'000},
      {"2m", 120'000},
      {"24h", 86'400'000},
      {"31622400", 31'622'400'000},  // the limit: 366 days
      {"31622400s", 31'622'400'000},
      {"31622400000ms", 31'622'400'000},
      {"527040m", 31'622'400'000},
      {"8784h", 31'622'400'000},
      {"31622401", std::nullopt},
      {"31622400001ms", std::nullopt},
      {"527041m", std::nullopt},
      {"8785h", std::nullopt},
      {"18446744073709551615", std::nullopt},
      {"18446744073709551615h", std::nullopt},  // times 3 600 000 it would wrap round
      {"5124095576031h", std::nullopt},         // wraps to a small number of milliseconds
      {"18446744073709551616", std::nullopt},
      {"", std::nullopt},
      {"s", std::nullopt},
      {"ms", std::nullopt},
      {"h", std::nullopt},
      {"1.5s", std::nullopt},
      {"-1s", std::nullopt},
      {"+1s", std::nullopt},
      {"1 s", std::nullopt},
      {" 1s", std::nullopt},
      {"1S", std::nullopt},
      {"1d", std::nullopt},
      {"1us", std::nullopt},
      {"1sm", std::nullopt},
      {"1h30m", std::nullopt},
      {"10sec", std::nullopt},
      {"forever", std::nullopt},
  }));
  INFO("text: '" << each.text << "'");
  const auto parsed = parse_duration(each.text);
  REQUIRE(parsed.has_value() == each.milliseconds.has_value());
  if (parsed) CHECK(parsed->count() == *each.milliseconds);
}

TEST_CASE("a duration in words is short and says the unit") {
  CHECK(describe(milliseconds(0)) == "0 ms");
  CHECK(describe(milliseconds(1)) == "1 ms");
  CHECK(describe(milliseconds(999)) == "999 ms");
  CHECK(describe(milliseconds(1000)) == "1 s");
  CHECK(describe(milliseconds(1500)) == "1.5 s");
  CHECK(describe(milliseconds(2040)) == "2.0 s");
  CHECK(describe(milliseconds(9999)) == "9.9 s");
  CHECK(describe(milliseconds(10'000)) == "10 s");
  CHECK(describe(milliseconds(10'500)) == "10 s");
  CHECK(describe(milliseconds(30'000)) == "30 s");
  CHECK(describe(milliseconds(59'999)) == "59 s");
  CHECK(describe(milliseconds(60'000)) == "1 min");
  CHECK(describe(milliseconds(90'000)) == "90 s");
  CHECK(describe(milliseconds(3'600'000)) == "60 min");
}

TEST_CASE("a moment is written as UTC, to the millisecond") {
  const auto at = [](std::int64_t count) {
    return utc_timestamp(std::chrono::system_clock::time_point(milliseconds(count)));
  };
  CHECK(at(0) == "1970-01-01T00:00:00.000Z");
  CHECK(at(1) == "1970-01-01T00:00:00.001Z");
  CHECK(at(951'782'399'999) == "2000-02-28T23:59:59.999Z");
  CHECK(at(951'782'400'000) == "2000-02-29T00:00:00.000Z");
  CHECK(at(1'609'459'199'010) == "2020-12-31T23:59:59.010Z");
  CHECK(at(7'258'118'399'999) == "2199-12-31T23:59:59.999Z");
}

TEST_CASE("words and lines are taken off the front") {
  std::string_view words = " one\ttwo\n three ";
  CHECK(take_word(words) == "one");
  CHECK(take_word(words) == "two");
  CHECK(take_word(words) == "three");
  CHECK(take_word(words).empty());
  CHECK(take_word(words).empty());
  std::string_view lines = "first\n\nlast";
  CHECK(take_line(lines) == "first");
  CHECK(take_line(lines) == "");
  CHECK(take_line(lines) == "last");
  CHECK_FALSE(take_line(lines));
}
