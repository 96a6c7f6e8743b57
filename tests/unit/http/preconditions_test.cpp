// SPDX-License-Identifier: BSL-1.0
// RFC 9110 13 and 14: which part of a representation a request gets, if any.
#include "http/preconditions.hpp"
#include "http/exchange.hpp"
#include "support/catch.hpp"
#include "wire/head_reader.hpp"

#include <string>
#include <vector>

using namespace cluster;
using result = http::selection::result;

namespace {

constexpr std::time_t now = 1000000000;
const http::validators of{"\"v1\"", 784111777, 100};
const std::string same = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string before = "Sun, 06 Nov 1994 08:49:36 GMT";
const std::string later = "Sun, 06 Nov 1994 08:49:38 GMT";

http::selection select(const std::string& fields, const std::string& method,
                       const http::validators& what = of) {
  const std::string raw = method + " / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  http::exchange data({});
  wire::head_reader reader({});
  std::size_t scanned = 0;
  REQUIRE(reader.read(raw, scanned, data.head) == wire::head_state::complete);
  return http::select(data.view, what, now);
}

struct row {
  const char* section;
  std::string fields;
  result what;
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  std::string method = "GET";
};

void check(const std::vector<row>& rows) {
  for (const row& r : rows) {
    INFO("RFC 9110 " << r.section << ": " << r.method << " " << r.fields);
    const auto got = select(r.fields, r.method);
    CHECK(got.what == r.what);
    if (r.what == result::part) {
      CHECK(got.first == r.first);
      CHECK(got.length == r.length);
    }
    if (r.what == result::whole) CHECK(got.length == 100);
  }
}

}  // namespace

TEST_CASE("preconditions", "[http][conditions]") {
  check({
      {"13.1.1", "If-Match: \"v1\"\r\n", result::whole},
      {"13.1.1", "If-Match: \"v0\"\r\n", result::failed},
      {"13.1.1", "If-Match: \"v0\", \"v1\"\r\n", result::whole},
      {"13.1.1", "If-Match: \"v0\"\r\nIf-Match: \"v1\"\r\n", result::whole},
      {"13.1.1", "If-Match: *\r\n", result::whole},
      {"13.1.1", "If-Match: W/\"v1\"\r\n", result::failed},
      {"13.1.1", "If-Match: v1\r\n", result::failed},
      {"13.1.2", "If-None-Match: \"v1\"\r\n", result::unchanged},
      {"13.1.2", "If-None-Match: W/\"v1\"\r\n", result::unchanged},
      {"13.1.2", "If-None-Match: \"a,b\" ,, \"v1\"\r\n", result::unchanged},
      {"13.1.2", "If-None-Match: \"v0\"\r\n", result::whole},
      {"13.1.2", "If-None-Match: *\r\n", result::unchanged},
      {"13.1.2", "If-None-Match: \"v1\"\r\n", result::unchanged, 0, 0, "HEAD"},
      {"13.1.3", "If-Modified-Since: " + same + "\r\n", result::unchanged},
      {"13.1.3", "If-Modified-Since: " + later + "\r\n", result::unchanged},
      {"13.1.3", "If-Modified-Since: " + before + "\r\n", result::whole},
      {"13.1.3", "If-Modified-Since: yesterday\r\n", result::whole},
      {"13.1.3", "If-None-Match: \"v0\"\r\nIf-Modified-Since: " + same + "\r\n", result::whole},
      {"13.1.4", "If-Unmodified-Since: " + same + "\r\n", result::whole},
      {"13.1.4", "If-Unmodified-Since: " + before + "\r\n", result::failed},
      {"13.1.4", "If-Match: \"v1\"\r\nIf-Unmodified-Since: " + before + "\r\n", result::whole},
      {"13.2.2", "If-Match: \"v0\"\r\nIf-None-Match: \"v1\"\r\n", result::failed},
      {"13.2.2", "If-None-Match: \"v1\"\r\nRange: bytes=0-1\r\n", result::unchanged},
  });
}

TEST_CASE("ranges", "[http][conditions]") {
  const std::string huge = "99999999999999999999999";
  check({
      {"14.1.2", "Range: bytes=0-9\r\n", result::part, 0, 10},
      {"14.1.2", "Range: BYTES=10-19\r\n", result::part, 10, 10},
      {"14.1.2", "Range: bytes=90-\r\n", result::part, 90, 10},
      {"14.1.2", "Range: bytes=90-1000\r\n", result::part, 90, 10},
      {"14.1.2", "Range: bytes=99-" + huge + "\r\n", result::part, 99, 1},
      {"14.1.2", "Range: bytes=-10\r\n", result::part, 90, 10},
      {"14.1.2", "Range: bytes=-1000\r\n", result::part, 0, 100},
      {"14.1.2", "Range: bytes=100-\r\n", result::unsatisfiable},
      {"14.1.2", "Range: bytes=" + huge + "-\r\n", result::unsatisfiable},
      {"14.1.2", "Range: bytes=-0\r\n", result::unsatisfiable},
      {"14.2", "Range: bytes=9-0\r\n", result::whole},
      {"14.2", "Range: bytes=a-b\r\n", result::whole},
      {"14.2", "Range: bytes=-\r\n", result::whole},
      {"14.2", "Range: bytes=1\r\n", result::whole},
      {"14.2", "Range: bytes=\r\n", result::whole},
      {"14.2", "Range: bytes=+1-2\r\n", result::whole},
      {"14.2", "Range: bytes=0-1,5-6\r\n", result::whole},
      {"14.2", "Range: lines=0-1\r\n", result::whole},
      {"14.2", "Range: bytes=0-9\r\n", result::whole, 0, 0, "HEAD"},
      {"13.1.5", "Range: bytes=0-9\r\nIf-Range: \"v1\"\r\n", result::part, 0, 10},
      {"13.1.5", "Range: bytes=0-9\r\nIf-Range: \"v0\"\r\n", result::whole},
      {"13.1.5", "Range: bytes=0-9\r\nIf-Range: W/\"v1\"\r\n", result::whole},
      {"13.1.5", "Range: bytes=0-9\r\nIf-Range: " + same + "\r\n", result::part, 0, 10},
      {"13.1.5", "Range: bytes=0-9\r\nIf-Range: " + later + "\r\n", result::whole},
  });
  CHECK(select("Range: bytes=0-\r\n", "GET", {"\"e\"", 0, 0}).what == result::unsatisfiable);
  CHECK(select("Range: bytes=-1\r\n", "GET", {"\"e\"", 0, 0}).what == result::unsatisfiable);
}
