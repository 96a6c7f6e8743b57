// SPDX-License-Identifier: BSL-1.0
// RFC 9110 sections 8.8, 13 and 14: validators, conditions and ranges, on a file.
#include "rfc_cases.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace cluster;
using namespace cluster::test;

TEST_CASE("RFC 9110 13 and 14: conditions and ranges", "[http][rfc]") {
  std::string folder = (std::filesystem::temp_directory_path() / "cluster-rfc-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/file";
  std::ofstream(path) << "0123456789";
  const auto routes = [&](http::router& app) {
    rfc_routes(app);
    app.get("/file",
            [&](const http::request& q) { return http::file(q, path, {.cache_control = "max-age=9"}); });
  };
  running_server server(routes);
  const reply whole = client(server.port()).ask(get("/file"));
  const auto value = [&](const std::string& name) {
    const std::size_t at = whole.head.find("\r\n" + name + ": ");
    REQUIRE(at != std::string::npos);
    const std::size_t from = at + name.size() + 4;
    return whole.head.substr(from, whole.head.find("\r\n", from) - from);
  };
  const std::string etag = value("ETag");
  const std::string modified = value("Last-Modified");
  const std::string old = "Sun, 06 Nov 1994 08:49:37 GMT";
  const std::string future = "Fri, 31 Dec 2100 23:59:59 GMT";
  const auto asked = [](const std::string& fields, const std::string& method = "GET") {
    return request(method + " /file HTTP/1.1", "Host: a\r\n" + fields);
  };
  const std::string some = "Range: bytes=2-4\r\n";
  const std::vector<std::string> no_range{"Content-Range"};
  const std::vector<std::string> meta{"\r\nETag: " + etag, "\r\nCache-Control: max-age=9\r\n"};
  const std::vector<rfc_case> cases{
      {"9110 8.8", "validators", asked(""), {200}, after::kept, meta, no_range, "0123456789"},
      {"9110 13.1.1", "If-Match, the same", asked("If-Match: \"x\", " + etag + "\r\n"), {200}},
      {"9110 13.1.1", "If-Match, any", asked("If-Match: *\r\n"), {200}},
      {"9110 13.1.1", "If-Match, another", asked("If-Match: \"x\"\r\n"), {412}},
      {"9110 13.1.1", "If-Match compares strongly", asked("If-Match: W/" + etag + "\r\n"), {412}},
      {"9110 13.1.2",
       "If-None-Match, the same",
       asked("If-None-Match: " + etag + "\r\n"),
       {304},
       after::kept,
       meta,
       {"Content-Length", "Content-Type", "Transfer-Encoding"}},
      {"9110 13.1.2",
       "If-None-Match compares weakly",
       asked("If-None-Match: \"x\", W/" + etag + "\r\n"),
       {304}},
      {"9110 13.1.2", "If-None-Match, any", asked("If-None-Match: *\r\n"), {304}},
      {"9110 13.1.2", "If-None-Match, another", asked("If-None-Match: \"x\"\r\n"), {200}},
      {"9110 13.1.2", "and for HEAD", asked("If-None-Match: " + etag + "\r\n", "HEAD"), {304}},
      {"9110 13.1.3",
       "If-Modified-Since, not since",
       asked("If-Modified-Since: " + modified + "\r\n"),
       {304}},
      {"9110 13.1.3", "If-Modified-Since, since", asked("If-Modified-Since: " + old + "\r\n"), {200}},
      {"9110 13.1.3",
       "is ignored beside If-None-Match",
       asked("If-None-Match: \"x\"\r\nIf-Modified-Since: " + future + "\r\n"),
       {200}},
      {"9110 13.1.3", "is ignored if it is no date", asked("If-Modified-Since: yesterday\r\n"), {200}},
      {"9110 13.1.4", "If-Unmodified-Since, since", asked("If-Unmodified-Since: " + old + "\r\n"), {412}},
      {"9110 13.1.4",
       "If-Unmodified-Since, not since",
       asked("If-Unmodified-Since: " + modified + "\r\n"),
       {200}},
      {"9110 13.1.4",
       "is ignored beside If-Match",
       asked("If-Match: " + etag + "\r\nIf-Unmodified-Since: " + old + "\r\n"),
       {200}},
      {"9110 13.1.5",
       "If-Range, the same",
       asked(some + "If-Range: " + etag + "\r\n"),
       {206},
       after::kept,
       {},
       {},
       "234"},
      {"9110 13.1.5",
       "If-Range, another",
       asked(some + "If-Range: \"x\"\r\n"),
       {200},
       after::kept,
       {},
       no_range,
       "0123456789"},
      {"9110 13.1.5", "If-Range compares strongly", asked(some + "If-Range: W/" + etag + "\r\n"), {200}},
      {"9110 13.2.2",
       "the precondition goes before the range",
       asked(some + "If-None-Match: " + etag + "\r\n"),
       {304}},
      {"9110 14.2",
       "a range",
       asked(some),
       {206},
       after::kept,
       {"\r\nContent-Range: bytes 2-4/10\r\n", "\r\nContent-Length: 3\r\n", meta[0], meta[1]},
       {},
       "234"},
      {"9110 14.1.2", "from an octet on", asked("Range: bytes=8-\r\n"), {206}, after::kept, {}, {}, "89"},
      {"9110 14.1.2", "the last ones", asked("Range: bytes=-3\r\n"), {206}, after::kept, {}, {}, "789"},
      {"9110 14.1.2",
       "more of the last ones than there are",
       asked("Range: bytes=-30\r\n"),
       {206},
       after::kept,
       {},
       {},
       "0123456789"},
      {"9110 14.1.2", "beyond the end", asked("Range: bytes=7-99\r\n"), {206}, after::kept, {}, {}, "789"},
      {"9110 14.1.2", "the unit has no case", asked("Range: BYTES=2-4\r\n"), {206}},
      {"9110 15.5.17",
       "from the end on",
       asked("Range: bytes=10-\r\n"),
       {416},
       after::kept,
       {"\r\nContent-Range: bytes */10\r\n"}},
      {"9110 15.5.17", "the last zero", asked("Range: bytes=-0\r\n"), {416}},
      {"9110 14.2",
       "another unit is ignored",
       asked("Range: lines=1-2\r\n"),
       {200},
       after::kept,
       {},
       no_range},
      {"9110 14.1.1",
       "what is no range is ignored",
       asked("Range: bytes=4-2\r\n"),
       {200},
       after::kept,
       {},
       no_range},
      {"9110 14.1.1", "numbers without bounds", asked("Range: bytes=0-99999999999999999999999\r\n"), {206}},
      {"9110 14.2",
       "ignored for HEAD",
       asked(some, "HEAD"),
       {200},
       after::kept,
       {"\r\nContent-Length: 10\r\n"},
       no_range},
      {"9110 14.3", "ranges are announced", asked(""), {200}, after::kept, {"\r\nAccept-Ranges: bytes\r\n"}},
  };
  for (const rfc_case& each : cases) check(server, each, false);
  CHECK(server.failures().empty());
  std::filesystem::remove_all(folder);
}
