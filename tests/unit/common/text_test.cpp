// SPDX-License-Identifier: BSL-1.0
#include "common/text.hpp"
#include "support/catch.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <random>
#include <string>

using namespace cluster;
using namespace std::string_literals;

namespace {

std::string printable(std::string_view text) {
  std::string out = "> ";
  append_printable(out, text);
  REQUIRE(out.starts_with("> "));
  return out.substr(2);
}

// Through the JSON reader of another module, which refuses what is not UTF-8 or not escaped.
std::string through_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  boost::system::error_code ec;
  const boost::json::value value = boost::json::parse(out, ec);
  INFO("line: " << out);
  REQUIRE_FALSE(ec);
  REQUIRE(value.is_string());
  return std::string(value.get_string());
}

struct bytes_case {
  std::string in;
  std::string out;
};

const std::string bad = "\xEF\xBF\xBD";

}  // namespace

TEST_CASE("printable text leaves no control character") {
  CHECK(printable("plain text, 100 %") == "plain text, 100 %");
  CHECK(printable("two\nlines\r\n") == "two\\x0alines\\x0d\\x0a");
  CHECK(printable("\x1B[31mred\x1B[0m") == "\\x1b[31mred\\x1b[0m");
  CHECK(printable("a\0b"s) == "a\\x00b");
  CHECK(printable("\x7F\x1F\x20~") == "\\x7f\\x1f ~");
  CHECK(printable("gr\xC3\xBC\xC3\x9F dich") == "gr\xC3\xBC\xC3\x9F dich");
  CHECK(printable("").empty());
  for (int byte = 0; byte < 256; ++byte) {
    const std::string shown = printable(std::string(1, static_cast<char>(byte)));
    CAPTURE(byte, shown);
    for (const char c : shown) {
      const auto value = static_cast<unsigned char>(c);
      CHECK((value >= 0x20 && value != 0x7F));
    }
  }
}

TEST_CASE("a JSON string keeps valid UTF-8 and escapes the rest") {
  CHECK(through_json("plain") == "plain");
  CHECK(through_json("").empty());
  CHECK(through_json("quote \" backslash \\ slash /") == "quote \" backslash \\ slash /");
  CHECK(through_json("\x01\x02\b\f\n\r\t\x1F\x7F") == "\x01\x02\b\f\n\r\t\x1F\x7F");
  CHECK(through_json("a\0b"s) == "a\0b"s);
  // One of each length, at both ends of what each length may say.
  for (const char* valid : {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xEF\xBF\xBF", "\xED\x9F\xBF",
                            "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
    CHECK(through_json(valid) == valid);
}

TEST_CASE("bytes that are no UTF-8 become U+FFFD in JSON") {
  const auto each = GENERATE(values<bytes_case>({
      {"\x80", bad},            // a continuation without a lead
      {"\xC3", bad},            // a lead at the end
      {"\xC3(", bad + "("},     // a lead without a continuation
      {"\xC0\xAF", bad + bad},  // '/' in two bytes: overlong
      {"\xC1\xBF", bad + bad},
      {"\xE0\x9F\xBF", bad + bad + bad},            // overlong
      {"\xED\xA0\x80", bad + bad + bad},            // a surrogate
      {"\xED\xBF\xBF", bad + bad + bad},            // the last surrogate
      {"\xF0\x8F\xBF\xBF", bad + bad + bad + bad},  // overlong
      {"\xF4\x90\x80\x80", bad + bad + bad + bad},  // beyond U+10FFFF
      {"\xF5\x80\x80\x80", bad + bad + bad + bad},
      {"\xFE\xFF", bad + bad},
      {"a\xE2\x82", "a" + bad + bad},  // cut in the middle
      {"a\xFFz", "a" + bad + "z"},
      {"\xE2\x82\xAC\xE2\x82", "\xE2\x82\xAC" + bad + bad},
  }));
  CHECK(through_json(each.in) == each.out);
}

TEST_CASE("any bytes at all come out as one JSON string on one line") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::string text(random() % 40, '\0');
    for (char& c : text) c = static_cast<char>(random() % 256);
    const std::string once = through_json(text);
    CHECK(through_json(once) == once);  // what came out is valid, so it stays as it is
    std::string line;
    append_json_string(line, text);
    CHECK(line.find('\n') == std::string::npos);
  }
}

TEST_CASE("the nearest word is found when it is near enough to be meant") {
  constexpr std::array<std::string_view, 5> words{"--listen", "--workers", "--user", "--group",
                                                  "--log-level"};
  CHECK(nearest("--worker", words) == "--workers");
  CHECK(nearest("--wrokers", words) == "--workers");
  CHECK(nearest("--lsiten", words) == "--listen");
  CHECK(nearest("--listen", words) == "--listen");
  CHECK(nearest("--log_level", words) == "--log-level");
  CHECK(nearest("--usr", words) == "--user");
  CHECK(nearest("--frobnicate", words).empty());
  CHECK(nearest("--completely-different", words).empty());
  CHECK(nearest("x", {}).empty());
  CHECK(nearest("", words).empty());
  // A short word may differ by one edit, not by more.
  constexpr std::array<std::string_view, 2> short_words{"a", "bcd"};
  CHECK(nearest("b", short_words) == "a");
  CHECK(nearest("xyz", short_words).empty());
  // The first of two equally near ones, so the answer does not depend on anything else.
  constexpr std::array<std::string_view, 2> equal{"cat", "bat"};
  CHECK(nearest("rat", equal) == "cat");
}
