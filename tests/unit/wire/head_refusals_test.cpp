// SPDX-License-Identifier: BSL-1.0
// Raw header sections and what has to come of them, one line each; every one is read in one piece and
// octet by octet with the same outcome.
#include "read_head.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

using cluster::test::read_head;
using cluster::test::read_head_slowly;
using cluster::wire::head_state;

namespace {

struct row {
  const char* what;
  std::string raw;
  unsigned status;  // 0: taken
};

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }
std::string line(const std::string& request_line) { return request_line + "\r\nHost: a\r\n\r\n"; }
std::string host(const std::string& value) { return "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n"; }

void check(const std::vector<row>& rows) {
  for (const row& r : rows) {
    INFO(r.what << ": " << r.raw);
    const auto expected = r.status == 0 ? head_state::complete : head_state::refused;
    const auto whole = read_head(r.raw);
    CHECK(whole.state == expected);
    CHECK(whole.status == r.status);
    const auto slow = read_head_slowly(r.raw);
    CHECK(slow.state == expected);
    CHECK(slow.status == r.status);
    CHECK(slow.consumed == whole.consumed);
  }
}

}  // namespace

TEST_CASE("line ends: CRLF and nothing else (RFC 9112 2.2)", "[wire][head]") {
  check({
      {"plain", get(""), 0},
      {"bare LF throughout", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"bare LF behind the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare LF behind a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
      {"bare LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"bare CR in a value", get("A: b\rc\r\n"), 400},
      {"bare CR behind the fields", "GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n\r\n", 400},
      {"CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400},
      {"one empty line first", "\r\n" + get(""), 0},
      {"three empty lines first", "\r\n\r\n\r\n" + get(""), 0},
      {"bare LF first", "\n" + get(""), 400},
      {"white space first", " " + get(""), 400},
  });
}

TEST_CASE("request line (RFC 9112 3)", "[wire][head]") {
  check({
      {"no version", line("GET /"), 400},
      {"no version but a space", line("GET / "), 400},
      {"no target", line("GET HTTP/1.1"), 400},
      {"empty target", line("GET  HTTP/1.1"), 400},
      {"two spaces", line("GET /  HTTP/1.1"), 400},
      {"tab as separator", line("GET\t/ HTTP/1.1"), 400},
      {"trailing space", line("GET / HTTP/1.1 "), 400},
      {"method in lower case", line("get / HTTP/1.1"), 501},
      {"unknown method", line("BREW / HTTP/1.1"), 501},
      {"endless method", line(std::string(200, 'A') + " / HTTP/1.1"), 501},
      {"bad octet in the method", line("GE(T / HTTP/1.1"), 400},
      {"CONNECT", line("CONNECT x:1 HTTP/1.1"), 501},
      {"TRACE is known", line("TRACE / HTTP/1.1"), 0},
      {"version 1.0", line("GET / HTTP/1.0"), 0},
      {"version 1.2", line("GET / HTTP/1.2"), 0},
      {"version 2.0", line("GET / HTTP/2.0"), 505},
      {"version 0.9", line("GET / HTTP/0.9"), 505},
      {"preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"version of two digits", line("GET / HTTP/1.10"), 400},
      {"version in lower case", line("GET / http/1.1"), 400},
      {"version without minor", line("GET / HTTP/1"), 400},
      {"other protocol", line("GET / HTTQ/1.1"), 400},
      {"TLS hello", std::string("\x16\x03\x01\x02\x00\r\n\r\n", 9), 400},
  });
}

TEST_CASE("targets (RFC 9112 3.2)", "[wire][head]") {
  check({
      {"origin-form with a query", line("GET /a/b?c=d&e HTTP/1.1"), 0},
      {"relative", line("GET foo HTTP/1.1"), 400},
      {"asterisk", line("GET * HTTP/1.1"), 400},
      {"asterisk for OPTIONS", line("OPTIONS * HTTP/1.1"), 0},
      {"fragment", line("GET /a#b HTTP/1.1"), 400},
      {"raw 8-bit octet", line("GET /\xe9 HTTP/1.1"), 400},
      {"control", line("GET /\x01 HTTP/1.1"), 400},
      {"NUL", line(std::string("GET /\0 HTTP/1.1", 15)), 400},
      {"DEL", line("GET /\x7f HTTP/1.1"), 400},
      {"percent escape", line("GET /%41%ff HTTP/1.1"), 0},
      {"broken percent escape", line("GET /%4 HTTP/1.1"), 400},
      {"percent escape of no hex", line("GET /%zz HTTP/1.1"), 400},
      {"broken percent escape in the query", line("GET /?a=%1 HTTP/1.1"), 400},
      {"absolute-form", line("GET http://a/b HTTP/1.1"), 0},
      {"absolute-form, https, port, no path", line("GET https://a:443?x HTTP/1.1"), 0},
      {"absolute-form, other case", line("GET HTTP://a/ HTTP/1.1"), 0},
      {"absolute-form with userinfo", line("GET http://u@a/ HTTP/1.1"), 400},
      {"absolute-form, empty host", line("GET http:///b HTTP/1.1"), 400},
      {"absolute-form, bad port", line("GET http://a:b/ HTTP/1.1"), 400},
      {"other scheme", line("GET ftp://a/ HTTP/1.1"), 400},
      {"authority-form", line("GET a:80 HTTP/1.1"), 400},
  });
}

TEST_CASE("fields (RFC 9112 5, RFC 9110 5)", "[wire][head]") {
  check({
      {"no value", get("A:\r\n"), 0},
      {"white space round a value", get("A: \t b \t\r\n"), 0},
      {"obs-text", get("A: \xc3\xa9\r\n"), 0},
      {"tab inside", get("A: b\tc\r\n"), 0},
      {"obs-fold", get("A: b\r\n c\r\n"), 400},
      {"obs-fold with a tab", get("A: b\r\n\tc\r\n"), 400},
      {"white space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"white space before the colon", get("A : b\r\n"), 400},
      {"no colon", get("A\r\n"), 400},
      {"no name", get(": b\r\n"), 400},
      {"brackets in a name", get("[A]: b\r\n"), 400},
      {"8-bit octet in a name", get("\xc3\xa9: b\r\n"), 400},
      {"NUL in a value", get(std::string("A: b\0c\r\n", 8)), 400},
      {"NUL far inside a value", get("A: " + std::string(40, 'x') + std::string("\0", 1) + "\r\n"), 400},
      {"control in a value", get("A: b\x02\r\n"), 400},
      {"DEL in a value", get("A: b\x7f\r\n"), 400},
      {"two fields on one line", get("A: b\r\nB: c\r\n"), 0},
  });
}

TEST_CASE("Host (RFC 9112 3.2)", "[wire][head]") {
  check({
      {"missing", "GET / HTTP/1.1\r\n\r\n", 400},
      {"missing in 1.0", "GET / HTTP/1.0\r\n\r\n", 0},
      {"missing beside absolute-form", "GET http://a/ HTTP/1.1\r\n\r\n", 400},
      {"doubled", get("Host: a\r\n"), 400},
      {"doubled, other case", get("hOST: b\r\n"), 400},
      {"doubled in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"port", host("a:80"), 0},
      {"empty port", host("a:"), 0},
      {"IPv4", host("127.0.0.1:8000"), 0},
      {"IPv6", host("[::1]:8000"), 0},
      {"IPv6 unclosed", host("[::1"), 400},
      {"IPv6 with junk behind", host("[::1]x"), 400},
      {"IPv6 with bad octet", host("[::g]"), 400},
      {"path", host("a/b"), 400},
      {"query", host("a?b"), 400},
      {"userinfo", host("u@a"), 400},
      {"space", host("a b"), 400},
      {"two in one", host("a, b"), 400},
      {"bad port", host("a:8x"), 400},
      {"port too large", host("a:65536"), 400},
      {"8-bit octet", host("\xc3\xa9"), 400},
      {"broken escape", host("a%4"), 400},
      {"empty", host(""), 400},
  });
}

TEST_CASE("Content-Length (RFC 9112 6.2, 6.3)", "[wire][head]") {
  check({
      {"zero", get("Content-Length: 0\r\n"), 0},
      {"five", get("Content-Length: 5\r\n"), 0},
      {"leading zeros", get("Content-Length: 0005\r\n"), 0},
      {"two, differing", get("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
      {"two, equal", get("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
      {"list", get("Content-Length: 5, 5\r\n"), 400},
      {"plus", get("Content-Length: +5\r\n"), 400},
      {"minus", get("Content-Length: -5\r\n"), 400},
      {"hex", get("Content-Length: 0x5\r\n"), 400},
      {"space inside", get("Content-Length: 5 0\r\n"), 400},
      {"empty", get("Content-Length:\r\n"), 400},
      {"2^64 - 1", get("Content-Length: 18446744073709551615\r\n"), 0},
      {"2^64", get("Content-Length: 18446744073709551616\r\n"), 400},
      {"2^64 + 5", get("Content-Length: 18446744073709551621\r\n"), 400},
      {"thirty digits", get("Content-Length: " + std::string(30, '9') + "\r\n"), 400},
  });
}

TEST_CASE("Transfer-Encoding (RFC 9112 6.1, 6.3)", "[wire][head]") {
  const auto coding = [](const std::string& value) { return get("Transfer-Encoding: " + value + "\r\n"); };
  check({
      {"chunked", coding("chunked"), 0},
      {"other case", coding("Chunked"), 0},
      {"empty elements", coding(" , chunked ,"), 0},
      {"with a length", get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
      {"with a length in front", get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"with a length of zero", get("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"gzip", coding("gzip"), 501},
      {"identity", coding("identity"), 501},
      {"chunked, gzip", coding("chunked, gzip"), 400},
      {"gzip, chunked", coding("gzip, chunked"), 501},
      {"xchunked", coding("xchunked"), 501},
      {"quoted", coding("\"chunked\""), 400},
      {"parameter", coding("chunked;q=1"), 400},
      {"0xA0 behind", coding("chunked\xa0"), 400},
      {"twice in one", coding("chunked, chunked"), 400},
      {"two lines", get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"identity on another line", get("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), 501},
      {"empty", coding(""), 400},
      {"comma alone", coding(","), 400},
      {"in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"in 1.0, kept", "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
  });
}

TEST_CASE("Connection is a list of tokens (RFC 9110 7.6.1)", "[wire][head]") {
  check({
      {"empty elements", get("Connection: , close,, x\r\n"), 0},
      {"empty", get("Connection:\r\n"), 0},
      {"8-bit octet", get("Connection: clos\xe9\r\n"), 400},
      {"space inside", get("Connection: keep alive\r\n"), 400},
      {"parameter", get("Connection: close;x\r\n"), 400},
  });
}

TEST_CASE("Expect (RFC 9110 10.1.1)", "[wire][head]") {
  check({
      {"100-continue", get("Expect: 100-continue\r\n"), 0},
      {"other case", get("Expect: 100-Continue\r\n"), 0},
      {"something else", get("Expect: tea\r\n"), 417},
      {"something else in 1.0", "GET / HTTP/1.0\r\nExpect: tea\r\n\r\n", 0},
  });
}

TEST_CASE("limits of a header section", "[wire][head]") {
  cluster::wire::limits bounds;
  bounds.header_bytes = 1024;
  bounds.target_bytes = 256;
  bounds.fields = 8;
  const auto status = [&](const std::string& raw) {
    const auto whole = read_head(raw, bounds);
    const auto slow = read_head_slowly(raw, bounds);
    CHECK(whole.state == slow.state);
    CHECK(whole.status == slow.status);
    return whole.state == head_state::complete ? 0 : whole.status;
  };
  CHECK(status(line("GET /" + std::string(255, 'a') + " HTTP/1.1")) == 0);
  CHECK(status(line("GET /" + std::string(256, 'a') + " HTTP/1.1")) == 414);
  CHECK(status(line("GET /" + std::string(2000, 'a') + " HTTP/1.1")) == 414);
  CHECK(status(get("A: " + std::string(2000, 'a') + "\r\n")) == 431);
  std::string many;
  for (int i = 0; i < 7; ++i) many += "A: b\r\n";
  CHECK(status(get(many)) == 0);
  CHECK(status(get(many + "A: b\r\n")) == 431);

  const std::string frame = get("A: \r\n");
  CHECK(status(get("A: " + std::string(1024 - frame.size(), 'a') + "\r\n")) == 0);
  CHECK(status(get("A: " + std::string(1025 - frame.size(), 'a') + "\r\n")) == 431);

  bounds.target_bytes = 4096;
  CHECK(status(line("GET /" + std::string(2000, 'a') + " HTTP/1.1")) == 414);
}
