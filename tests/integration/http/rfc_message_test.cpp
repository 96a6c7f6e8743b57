// SPDX-License-Identifier: BSL-1.0
// RFC 9112 sections 2 to 5 and RFC 9110 sections 4, 5 and 7: what a request looks like.
#include "rfc_cases.hpp"

using namespace cluster::test;

namespace {

std::string with(const std::string& fields) { return request("GET / HTTP/1.1", "Host: a\r\n" + fields); }
std::string by_line(const std::string& request_line) { return request(request_line); }
std::string host(const std::string& value) {
  return request("GET /host HTTP/1.1", "Host: " + value + "\r\n");
}

}  // namespace

TEST_CASE("RFC 9112 2: message format", "[http][rfc]") {
  check({
      {"9112 2.2", "an empty line in front is ignored", "\r\n" + by_line("GET / HTTP/1.1"), {200}},
      {"9112 2.2", "so are several", "\r\n\r\n\r\n" + by_line("GET / HTTP/1.1"), {200}},
      {"9112 2.2", "bare LF throughout", "GET / HTTP/1.1\nHost: a\n\n", {400}, after::closed},
      {"9112 2.2",
       "bare LF behind the request line",
       "GET / HTTP/1.1\nHost: a\r\n\r\n",
       {400},
       after::closed},
      {"9112 2.2", "bare LF behind a field", "GET / HTTP/1.1\r\nHost: a\nA: b\r\n\r\n", {400}, after::closed},
      {"9112 2.2", "bare CR in a value", with("A: b\rc\r\n"), {400}, after::closed},
      {"9112 2.2", "bare CR in the request line", by_line("GET /\r HTTP/1.1"), {400}, after::closed},
      {"9112 2.2", "bare CR as line end", "GET / HTTP/1.1\rHost: a\r\r", {400}, after::closed},
      {"9112 2.2",
       "white space before the first field",
       "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
       {400},
       after::closed},
      {"9112 2.2", "a tab there", "GET / HTTP/1.1\r\n\tX: y\r\nHost: a\r\n\r\n", {400}, after::closed},
      {"9112 2.2", "garbage", std::string("\x16\x03\x01\x02\x00\x01\xfc\r\n\r\n", 11), {400}, after::closed},
      {"9112 2.3",
       "HTTP/1.2 is served as 1.1",
       by_line("GET / HTTP/1.2"),
       {200},
       after::kept,
       {"HTTP/1.1 200"}},
      {"9110 15.6.6", "HTTP/2.0", by_line("GET / HTTP/2.0"), {505}, after::closed},
      {"9110 15.6.6", "HTTP/0.9", by_line("GET / HTTP/0.9"), {505}, after::closed},
      {"9113 3.4", "preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505}, after::closed},
      {"9112 2.3", "HTTP/1.10", by_line("GET / HTTP/1.10"), {400}, after::closed},
      {"9112 2.3", "name in lower case", by_line("GET / http/1.1"), {400}, after::closed},
      {"9112 C.1", "no version", "GET /\r\n\r\n", {400}, after::closed},
  });
}

TEST_CASE("RFC 9112 3: request line and target", "[http][rfc]") {
  check({
      {"9112 3", "two spaces", by_line("GET  / HTTP/1.1"), {400}, after::closed},
      {"9112 3", "tab as separator", by_line("GET\t/ HTTP/1.1"), {400}, after::closed},
      {"9112 3", "space behind the version", by_line("GET / HTTP/1.1 "), {400}, after::closed},
      {"9112 3", "space in the target", by_line("GET /a b HTTP/1.1"), {400}, after::closed},
      {"9112 3", "no target", by_line("GET HTTP/1.1"), {400}, after::closed},
      {"9112 3",
       "target of 100 KB",
       by_line("GET /" + std::string(100'000, 'a') + " HTTP/1.1"),
       {414},
       after::closed},
      {"9112 3", "target of 8000 octets", by_line("GET /a/" + std::string(7990, 'a') + " HTTP/1.1"), {200}},
      {"9110 9.1", "unknown method", by_line("BREW / HTTP/1.1"), {501}, after::closed},
      {"9110 9.1", "methods are case-sensitive", by_line("get / HTTP/1.1"), {501}, after::closed},
      {"9112 3.1",
       "method longer than any",
       by_line(std::string(9000, 'A') + " / HTTP/1.1"),
       {501},
       after::closed},
      {"9112 3.1", "bad octet in the method", by_line("G@T / HTTP/1.1"), {400}, after::closed},
      {"9112 3.2.1",
       "origin-form with a query",
       by_line("GET /a/b?c=d HTTP/1.1"),
       {200},
       after::kept,
       {},
       {},
       "b"},
      {"9112 3.2.1", "neither slash nor scheme", by_line("GET foo HTTP/1.1"), {400}, after::closed},
      {"9112 3.2.2",
       "absolute-form is accepted",
       by_line("GET http://h/a/b HTTP/1.1"),
       {200},
       after::kept,
       {},
       {},
       "b"},
      {"9112 3.2.2",
       "and takes the place of Host",
       request("GET http://h:1/host HTTP/1.1", "Host: other\r\n"),
       {200},
       after::kept,
       {},
       {},
       "h:1"},
      {"9112 3.2.2",
       "absolute-form in HTTP/1.0",
       request("GET http://h/host HTTP/1.0", "Connection: keep-alive\r\n"),
       {200},
       after::kept,
       {},
       {},
       "h"},
      {"9110 4.2.1",
       "absolute-form with an empty host",
       by_line("GET http:///a HTTP/1.1"),
       {400},
       after::closed},
      {"9110 4.2.4",
       "absolute-form with userinfo",
       by_line("GET http://u:p@a/ HTTP/1.1"),
       {400},
       after::closed},
      {"9112 3.2.3", "CONNECT", by_line("CONNECT a:1 HTTP/1.1"), {501}, after::closed},
      {"9112 3.2.3", "authority-form for GET", by_line("GET a:80 HTTP/1.1"), {400}, after::closed},
      {"9112 3.2.4", "asterisk-form", by_line("OPTIONS * HTTP/1.1"), {204}, after::kept, {"Allow: "}},
      {"9112 3.2.4", "asterisk-form for GET", by_line("GET * HTTP/1.1"), {400}, after::closed},
      {"3986 3.5", "fragment", by_line("GET /a#b HTTP/1.1"), {400}, after::closed},
      {"3986 2", "raw 8-bit octet", by_line("GET /\xe9 HTTP/1.1"), {400}, after::closed},
      {"3986 2", "NUL", by_line(std::string("GET /\0 HTTP/1.1", 15)), {400}, after::closed},
      {"3986 2.1", "broken percent escape", by_line("GET /%4 HTTP/1.1"), {400}, after::closed},
      {"3986 2.1", "percent escape of no hex", by_line("GET /%g0 HTTP/1.1"), {400}, after::closed},
      {"9110 4.2.3",
       "escaped and plain are one",
       by_line("GET /%61/%62 HTTP/1.1"),
       {200},
       after::kept,
       {},
       {},
       "b"},
  });
}

TEST_CASE("RFC 9112 3.2: Host", "[http][rfc]") {
  check({
      {"9112 3.2", "missing", request("GET / HTTP/1.1", ""), {400}, after::closed},
      {"9112 3.2", "missing in 1.0", request("GET / HTTP/1.0", "Connection: keep-alive\r\n"), {200}},
      {"9112 3.2",
       "missing beside absolute-form",
       request("GET http://a/ HTTP/1.1", ""),
       {400},
       after::closed},
      {"9112 3.2", "twice", with("Host: a\r\n"), {400}, after::closed},
      {"9112 3.2", "twice, other value and case", with("hOsT: b\r\n"), {400}, after::closed},
      {"9112 3.2", "twice in 1.0", request("GET / HTTP/1.0", "Host: a\r\nHost: a\r\n"), {400}, after::closed},
      {"9112 3.2", "with a path", host("a/b"), {400}, after::closed},
      {"9112 3.2", "with userinfo", host("u@a"), {400}, after::closed},
      {"9112 3.2", "with a space", host("a b"), {400}, after::closed},
      {"9112 3.2", "a list", host("a, b"), {400}, after::closed},
      {"9112 3.2", "bad port", host("a:x"), {400}, after::closed},
      {"9112 3.2", "port of 65536", host("a:65536"), {400}, after::closed},
      {"9112 3.2", "8-bit octets", host("\xc3\xa9"), {400}, after::closed},
      {"9112 3.2", "bracket not closed", host("[::1"), {400}, after::closed},
      {"9110 7.2", "host and port", host("a.example:8080"), {200}, after::kept, {}, {}, "a.example:8080"},
      {"9110 7.2", "IPv6 literal", host("[2001:db8::1]:8"), {200}, after::kept, {}, {}, "[2001:db8::1]:8"},
      {"9110 5.1", "name in other case", request("GET / HTTP/1.1", "hOST: a\r\n"), {200}},
  });
}

TEST_CASE("RFC 9112 5: fields", "[http][rfc]") {
  check({
      {"9112 5.1", "white space before the colon", with("A : b\r\n"), {400}, after::closed},
      {"9112 5.1", "tab before the colon", with("A\t: b\r\n"), {400}, after::closed},
      {"9112 5.1", "no white space behind the colon", with("A:b\r\n"), {200}},
      {"9112 5.1", "white space round the value", with("A: \t b \t \r\n"), {200}},
      {"9110 5.5", "empty value", with("A:\r\n"), {200}},
      {"9112 5.2", "obs-fold", with("A: b\r\n c\r\n"), {400}, after::closed},
      {"9112 5.2",
       "obs-fold of a Transfer-Encoding",
       request("POST /echo HTTP/1.1", "Host: a\r\nTransfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
       {400},
       after::closed},
      {"9112 5.2", "line of white space", with("A: b\r\n \r\n"), {400}, after::closed},
      {"9110 5.1", "no colon", with("nonsense\r\n"), {400}, after::closed},
      {"9110 5.1", "no name", with(": b\r\n"), {400}, after::closed},
      {"9110 5.6.2", "brackets in a name", with("[a]: b\r\n"), {400}, after::closed},
      {"9110 5.6.2", "8-bit octet in a name", with("\xe9: b\r\n"), {400}, after::closed},
      {"9110 5.6.2", "every tchar in a name", with("!#$%&'*+-.^_`|~09azAZ: b\r\n"), {200}},
      {"9110 5.5", "NUL in a value", with(std::string("A: b\0c\r\n", 8)), {400}, after::closed},
      {"9110 5.5", "control in a value", with("A: b\x01\r\n"), {400}, after::closed},
      {"9110 5.5", "DEL in a value", with("A: b\x7f\r\n"), {400}, after::closed},
      {"9110 5.5", "obs-text in a value", with("A: \xe9\r\n"), {200}},
      {"9110 5.4", "field of 64 KiB", with("A: " + std::string(65536, 'a') + "\r\n"), {431}, after::closed},
      {"9110 5.4",
       "2000 fields",
       with([] {
         std::string many;
         for (int i = 0; i < 2000; ++i) many += "A: b\r\n";
         return many;
       }()),
       {431},
       after::closed},
      {"9110 5.3", "one name on several lines", with("A: b\r\nA: c\r\n"), {200}},
  });
}
