// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "wire/byte_buffer.hpp"
#include "wire/chars.hpp"
#include "wire/date.hpp"
#include "wire/percent.hpp"
#include "wire/scan.hpp"

#include <algorithm>
#include <string>

using namespace cluster::wire;

TEST_CASE("dates as RFC 9110 5.6.7 writes them", "[wire]") {
  date_line date;
  const auto text = [&](std::time_t t) {
    date.set(t);
    return std::string(date.view());
  };
  CHECK(text(784111777) == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  CHECK(text(0) == "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
  CHECK(text(1709210096) == "Date: Thu, 29 Feb 2024 12:34:56 GMT\r\n");
  CHECK(text(4102444799) == "Date: Thu, 31 Dec 2099 23:59:59 GMT\r\n");
}

TEST_CASE("percent decoding", "[wire]") {
  CHECK(percent_decode("a%20b+c", plus::as_is) == "a b+c");
  CHECK(percent_decode("a%20b+c%2B", plus::is_space) == "a b c+");
  CHECK(percent_decode("%41%e2%82%AC", plus::as_is) == "A\xe2\x82\xac");
  CHECK(percent_decode("%2541", plus::as_is) == "%41");
  CHECK(percent_decode("%4", plus::as_is) == "%4");
  CHECK(percent_decode("%", plus::as_is) == "%");
  CHECK(equals_decoded("%61b", "ab"));
  CHECK_FALSE(equals_decoded("%61b", "abc"));
  CHECK_FALSE(equals_decoded("%61bc", "ab"));
}

TEST_CASE("the wide scan stops where the table does", "[wire]") {
  for (unsigned c = 0; c < 256; ++c) {
    for (std::size_t at = 0; at < 40; ++at) {
      std::string text(48, 'x');
      text[at] = static_cast<char>(c);
      const char* const stop = skip_value(text.data(), text.data() + text.size());
      const std::size_t expected = is_char(static_cast<char>(c), chars::value) ? text.size() : at;
      REQUIRE(static_cast<std::size_t>(stop - text.data()) == expected);
    }
  }
}

TEST_CASE("a byte buffer keeps its octets while it grows", "[wire]") {
  byte_buffer buffer;
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 37), static_cast<char>('a' + i % 26));
    buffer.append(piece);
    expected += piece;
    if (i % 3 == 0) {
      const std::size_t n = std::min<std::size_t>(buffer.size(), 20);
      buffer.consume(n);
      expected.erase(0, n);
    }
    REQUIRE(buffer.view() == expected);
  }
  buffer.release();
  CHECK(buffer.empty());
  CHECK(buffer.capacity() == 0);
}
