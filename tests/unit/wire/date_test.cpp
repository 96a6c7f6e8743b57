// SPDX-License-Identifier: BSL-1.0
// HTTP-date (RFC 9110 5.6.7).
#include "wire/date.hpp"
#include "support/catch.hpp"

#include <string>

using cluster::wire::http_date;
using cluster::wire::parse_http_date;

namespace {

constexpr std::time_t example = 784111777;  // that of the RFC
constexpr std::time_t now = 1700000000;     // November 2023

}  // namespace

TEST_CASE("the three forms of a date say the same", "[wire][date]") {
  CHECK(http_date(example) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now) == example);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now) == example);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994", now) == example);
  CHECK(parse_http_date("Wed Nov 16 08:49:37 1994", now) == example + 10 * 86400);
}

TEST_CASE("dates come out as they went in", "[wire][date]") {
  for (const std::time_t when : {std::time_t{0}, std::time_t{951782400}, now, std::time_t{4102444799}})
    CHECK(parse_http_date(http_date(when), now) == when);
}

TEST_CASE("a year of two digits is within fifty years", "[wire][date]") {
  CHECK(parse_http_date("Sunday, 06-Nov-73 08:49:37 GMT", now) ==
        parse_http_date("Sun, 06 Nov 2073 08:49:37 GMT", now));
  CHECK(parse_http_date("Sunday, 06-Nov-74 08:49:37 GMT", now) ==
        parse_http_date("Sun, 06 Nov 1974 08:49:37 GMT", now));
}

TEST_CASE("what is no date is nothing", "[wire][date]") {
  for (const char* text : {"",
                           "0",
                           "now",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           "Sun, 06 Nov 1994 08:49:37 CET",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "sun, 06 Nov 1994 08:49:37 GMT",
                           "Son, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 nov 1994 08:49:37 GMT",
                           "Sun, 31 Feb 1994 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:00 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 06 Nov 1969 08:49:37 GMT",
                           "Sunday, 06-Nov-94 08:49:37",
                           "Someday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov  6 08:49:37 94",
                           "Sun, -6 Nov 1994 08:49:37 GMT"}) {
    INFO(text);
    CHECK_FALSE(parse_http_date(text, now));
  }
}
