// SPDX-License-Identifier: BSL-1.0
// A stream of requests: read whole, read in pieces, and (where it is taken) read by Beast's parser. All
// three have to agree.
#include "wire/body_decoder.hpp"
#include "wire/head_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

using namespace cluster;

namespace {

constexpr wire::limits bounds{2048, 1024, 32, 4096, 256, 256};

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// What came of a stream, in a form that can be compared: a line for each request.
std::string transcript(std::string_view stream, std::size_t piece) {
  std::string out;
  std::string buffer;  // not yet used
  wire::head_reader reader(bounds);
  wire::body_decoder decoder(bounds);
  wire::request_head head;
  std::size_t scanned = 0;
  bool in_body = false;
  std::string content;
  std::size_t fed = 0;
  while (fed < stream.size() || !buffer.empty()) {
    if (fed < stream.size()) {
      const std::size_t n = std::min(piece, stream.size() - fed);
      buffer += stream.substr(fed, n);
      fed += n;
    }
    // In a block of exactly its size, so that reading beyond it is seen.
    const auto block = std::make_unique<char[]>(buffer.size());
    buffer.copy(block.get(), buffer.size());
    std::string_view rest(block.get(), buffer.size());
    bool more = false;
    while (!more) {
      if (in_body) {
        std::string_view data;
        switch (decoder.take(rest, data)) {
          case wire::body_state::more: more = true; break;
          case wire::body_state::data: content += data; break;
          case wire::body_state::done:
            require(content.size() <= bounds.body_bytes || head.body == wire::framing::length,
                    "content limit");
            out += "content " + content + "\n";
            content.clear();
            in_body = false;
            break;
          case wire::body_state::refused: return out + "refused " + std::to_string(decoder.why().status);
        }
        continue;
      }
      if (const std::size_t n = wire::leading_empty_lines(rest); n != 0) {
        rest.remove_prefix(n);
        scanned = 0;
      }
      switch (reader.read(rest, scanned, head)) {
        case wire::head_state::incomplete: more = true; break;
        case wire::head_state::refused: return out + "refused " + std::to_string(reader.why().status);
        case wire::head_state::complete: {
          scanned = 0;
          out.append(head.method_text).append(" ").append(head.path).append("|").append(head.query);
          out.append("|").append(head.host).append(head.keep_alive ? " keep\n" : " close\n");
          for (const auto& [name, value] : head.fields)
            out.append(name).append("=").append(value).append("\n");
          rest.remove_prefix(head.size);
          in_body = head.body != wire::framing::none;
          if (head.body == wire::framing::length) decoder.start_length(head.content_length);
          if (head.body == wire::framing::chunked) decoder.start_chunked();
          break;
        }
      }
    }
    buffer.assign(rest);
    if (fed == stream.size()) break;
  }
  return out;
}

// Whatever our reader takes, Beast's has to take too and see the same in it.
void compare_with_beast(std::string_view stream) {
  namespace http = boost::beast::http;
  wire::head_reader reader(bounds);
  wire::request_head head;
  std::size_t scanned = 0;
  stream.remove_prefix(wire::leading_empty_lines(stream));
  if (reader.read(stream, scanned, head) != wire::head_state::complete) return;
  const std::string_view first_line = stream.substr(0, stream.find("\r\n"));
  if (head.version == 11 && !first_line.ends_with("HTTP/1.1"))
    return;  // 1.2 and above: Beast refuses what RFC 9110 2.5 wants served

  http::request_parser<http::empty_body> beast;
  beast.header_limit(64 * 1024);
  beast.eager(false);
  beast.body_limit(boost::none);
  boost::system::error_code ec;
  beast.put(boost::asio::buffer(stream.data(), head.size), ec);
  require(!ec || ec == http::error::need_more, "Beast refuses what was taken");
  require(beast.is_header_done(), "Beast sees another end of the header section");
  require(beast.get().method() == head.method, "method");
  require(std::string_view(beast.get().target().data(), beast.get().target().size()) == head.target,
          "target");
  require(beast.get().version() == head.version, "version");
  std::size_t n = 0;
  for (const auto& f : beast.get()) {
    (void)f;
    ++n;
  }
  require(n == head.fields.size(), "number of fields");
  for (const auto& [name, value] : head.fields) {
    const auto first = beast.get()[boost::beast::string_view(name.data(), name.size())];
    require(std::string_view(first.data(), first.size()) == head.find(name), "value of a field");
  }
  require(beast.chunked() == (head.body == wire::framing::chunked), "chunked");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // An end for the last header section: an error in a section that never ends is told at once if it comes
  // in one piece, and else when the section has ended.
  const std::string stream = std::string(reinterpret_cast<const char*>(data), size) + "\r\n\r\n";
  const std::string whole = transcript(stream, stream.size());
  require(transcript(stream, 1) == whole, "octet by octet is something else");
  require(transcript(stream, 7) == whole, "in sevens is something else");
  compare_with_beast(stream);
  return 0;
}
