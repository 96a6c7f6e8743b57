// SPDX-License-Identifier: BSL-1.0
#include "wire/body_decoder.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using cluster::wire::body_decoder;
using cluster::wire::body_state;
using cluster::wire::limits;

namespace {

struct outcome {
  body_state state = body_state::more;
  std::string content;
  std::size_t consumed = 0;
  unsigned status = 0;
  friend bool operator==(const outcome&, const outcome&) = default;
};

// Feeds the input in pieces of at most `piece` octets, each in a block of its own.
outcome feed(body_decoder& decoder, std::string_view input, std::size_t piece) {
  outcome out;
  while (!input.empty() && out.state != body_state::done && out.state != body_state::refused) {
    const std::size_t n = std::min(piece, input.size());
    const auto block = std::make_unique<char[]>(n);
    input.copy(block.get(), n);
    std::string_view rest(block.get(), n);
    std::string_view data;
    do {
      out.state = decoder.take(rest, data);
      if (out.state == body_state::data) out.content += data;
    } while (out.state == body_state::data);
    out.consumed += n - rest.size();
    input.remove_prefix(n);
  }
  if (out.state == body_state::refused) {
    out.status = decoder.why().status;
    out.consumed = 0;
  }
  return out;
}

outcome chunked(const std::string& raw, const limits& bounds = {}) {
  body_decoder decoder(bounds);
  decoder.start_chunked();
  const outcome whole = feed(decoder, raw, raw.size());
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}}) {
    body_decoder again(bounds);
    again.start_chunked();
    outcome pieces = feed(again, raw, piece);
    CHECK(pieces.state == whole.state);
    CHECK(pieces.status == whole.status);
    CHECK(pieces.consumed == whole.consumed);
    if (whole.state == body_state::done) CHECK(pieces.content == whole.content);
  }
  return whole;
}

}  // namespace

TEST_CASE("content by length", "[wire][body]") {
  body_decoder decoder({});
  decoder.start_length(5);
  CHECK(feed(decoder, "helloGET", 100) == outcome{body_state::done, "hello", 5, 0});
  decoder.start_length(5);
  CHECK(feed(decoder, "helloGET", 2) == outcome{body_state::done, "hello", 5, 0});
  decoder.start_length(5);
  CHECK(feed(decoder, "hell", 3) == outcome{body_state::more, "hell", 4, 0});
  decoder.start_length(0);
  std::string_view rest = "next";
  std::string_view data;
  CHECK(decoder.take(rest, data) == body_state::done);
  CHECK(rest == "next");
}

TEST_CASE("chunked content", "[wire][body]") {
  CHECK(chunked("0\r\n\r\n") == outcome{body_state::done, "", 5, 0});
  CHECK(chunked("5\r\nhello\r\n0\r\n\r\nGET").content == "hello");
  CHECK(chunked("5\r\nhello\r\n0\r\n\r\nGET").consumed == 15);
  CHECK(chunked("3\r\nfoo\r\n0a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n").content ==
        "foo01234567890123456789");
  CHECK(chunked("5\r\nhel").state == body_state::more);
}

TEST_CASE("chunk extensions are checked and dropped (RFC 9112 7.1.1)", "[wire][body]") {
  CHECK(chunked("1;a\r\nx\r\n0;b=c;d=\"e \\\" ;f\" ; g\r\n\r\n").content == "x");
  CHECK(chunked("1 \t;a = b\r\nx\r\n0\r\n\r\n").content == "x");
  for (const char* bad : {"1;\r\nx", "1 \r\nx", "1 x\r\nx", "1;=a\r\nx", "1;a=\r\nx", "1;a=b c\r\nx",
                          "1;a=\"b\r\nx", "1;a\nx", "1;a=\"\x01\"\r\nx", "1;a\x01\r\nx"}) {
    INFO(bad);
    CHECK(chunked(std::string(bad) + "\r\n0\r\n\r\n").status == 400);
  }
}

TEST_CASE("broken chunks", "[wire][body]") {
  for (const char* bad : {"\r\n",
                          "g\r\n",
                          "0x5\r\nhello\r\n0\r\n\r\n",
                          "-1\r\n",
                          " 5\r\nhello\r\n0\r\n\r\n",
                          "+5\r\nhello\r\n",
                          "5\nhello\r\n0\r\n\r\n",
                          "5\r\nhello\n0\r\n\r\n",
                          "5\r\nhelloX\r\n",
                          "5\r\nhello0\r\n\r\n",
                          "10000000000000000\r\n",
                          "00000000000000005\r\nhello\r\n0\r\n\r\n",
                          "5\r\rhello\r\n",
                          "0\r\n\n",
                          "0\r\nA\r\n\r\n",
                          "0\r\nA: b\n\r\n",
                          "0\r\n A: b\r\n\r\n",
                          "0\r\nA : b\r\n\r\n",
                          "0\r\nA: b\r\n c\r\n\r\n",
                          "0\r\nA: \x01\r\n\r\n",
                          "0\r\n\rX"}) {
    INFO(bad);
    CHECK(chunked(bad).status == 400);
  }
  CHECK(chunked("ffffffffffffffff\r\n").status == 413);
}

TEST_CASE("trailers are taken and never shown", "[wire][body]") {
  CHECK(chunked("1\r\nx\r\n0\r\nA: b\r\nAuthorization: c\r\n\r\nnext") ==
        outcome{body_state::done, "x", 35, 0});
}

TEST_CASE("everything in a chunked message is bounded", "[wire][body]") {
  limits bounds;
  bounds.body_bytes = 10;
  bounds.extension_bytes = 64;
  bounds.trailer_bytes = 64;
  bounds.fields = 4;
  CHECK(chunked("a\r\n0123456789\r\n0\r\n\r\n", bounds).state == body_state::done);
  CHECK(chunked("b\r\n", bounds).status == 413);
  CHECK(chunked("9\r\n012345678\r\n2\r\n", bounds).status == 413);
  CHECK(chunked("1;" + std::string(70, 'a') + "\r\nx\r\n0\r\n\r\n", bounds).status == 413);
  CHECK(chunked("1;" + std::string(40, 'a') + "\r\nx\r\n1;" + std::string(40, 'a') + "\r\n", bounds).status ==
        413);
  CHECK(chunked("0" + std::string(100, '0') + "\r\n", bounds).status == 400);
  CHECK(chunked("0\r\nA: " + std::string(100, 'a') + "\r\n\r\n", bounds).status == 431);
  CHECK(chunked("0\r\na:\r\nb:\r\nc:\r\nd:\r\ne:\r\n\r\n", bounds).status == 431);
}
