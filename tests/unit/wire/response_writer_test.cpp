// SPDX-License-Identifier: BSL-1.0
#include "wire/response_writer.hpp"
#include "support/catch.hpp"

#include <string>

using namespace cluster::wire;

namespace {

std::string written(const response_parts& what, const response_context& how = {}) {
  byte_buffer out;
  write_response(out, what, how);
  return std::string(out.view());
}

}  // namespace

TEST_CASE("a response in one buffer", "[wire][response]") {
  CHECK(written({200, "text/plain", "A: b\r\n", "hello", "Date: x\r\n"}) ==
        "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nA: b\r\n\r\nhello");
  CHECK(written({404, {}, {}, {}, {}}) == "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  CHECK(written({555, {}, {}, {}, {}}) == "HTTP/1.1 555 \r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("content and its length by status and method", "[wire][response]") {
  CHECK(written({200, "t/p", {}, "hello", {}}, {11, true, true}) ==
        "HTTP/1.1 200 OK\r\nContent-Type: t/p\r\nContent-Length: 5\r\n\r\n");
  CHECK(written({204, "t/p", {}, "hello", {}}) == "HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(written({205, "t/p", {}, "hello", {}, 7}) ==
        "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n");
  CHECK(written({304, "t/p", {}, "hello", {}}) == "HTTP/1.1 304 Not Modified\r\n\r\n");
}

TEST_CASE("Connection where the version does not say it", "[wire][response]") {
  const std::string start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
  CHECK(written({}, {11, true, false}) == start + "\r\n");
  CHECK(written({}, {11, false, false}) == start + "Connection: close\r\n\r\n");
  CHECK(written({}, {10, true, false}) == start + "Connection: keep-alive\r\n\r\n");
  CHECK(written({}, {10, false, false}) == start + "Connection: close\r\n\r\n");
}

TEST_CASE("what may stand in a field", "[wire][response]") {
  CHECK(valid_field_name("X-Worker"));
  for (const char* bad : {"", "a b", "a:", "a\r\nb", "\xc3\xa9", "a\t"}) CHECK_FALSE(valid_field_name(bad));
  CHECK(valid_field_value(""));
  CHECK(valid_field_value("a\tb \xc3\xa9"));
  for (const char* bad : {"a\r\nB: c", "a\n", "\r", "\x01", "\x7f"}) CHECK_FALSE(valid_field_value(bad));
  CHECK_FALSE(valid_field_value(std::string_view("\0", 1)));
}

TEST_CASE("field lines", "[wire][response]") {
  std::string lines;
  append_field(lines, "A", "1");
  append_field(lines, "BB", " 2 ");
  append_field(lines, "a", "3");
  CHECK(lines == "A: 1\r\nBB: 2\r\na: 3\r\n");
  CHECK(find_field(lines, "bb") == "2");
  CHECK(find_field(lines, "B").data() == nullptr);
  erase_field(lines, "a");
  CHECK(lines == "BB: 2\r\n");
  erase_field(lines, "bb");
  CHECK(lines.empty());
}
