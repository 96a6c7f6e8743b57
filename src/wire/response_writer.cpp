// SPDX-License-Identifier: BSL-1.0
#include "wire/response_writer.hpp"

#include <boost/beast/http/status.hpp>

#include <array>
#include <charconv>
#include <cstring>

namespace cluster::wire {
namespace {

constexpr std::string_view status_ok = "HTTP/1.1 200 OK\r\n";
constexpr std::string_view content_type_name = "Content-Type: ";
constexpr std::string_view content_length_name = "Content-Length: ";
constexpr std::string_view no_content = "Content-Length: 0\r\n";
constexpr std::string_view connection_close = "Connection: close\r\n";
constexpr std::string_view connection_keep = "Connection: keep-alive\r\n";
constexpr std::string_view line_end = "\r\n";

// More than all fixed parts together; the longest reason phrase is 31 octets.
constexpr std::size_t fixed_parts = 192;

class cursor {
 public:
  explicit cursor(char* at) noexcept : at_(at) {}

  void put(std::string_view text) noexcept {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void put_if_any(std::string_view text) noexcept {
    if (!text.empty()) put(text);
  }
  void number(std::uint64_t n) noexcept { at_ = std::to_chars(at_, at_ + 20, n).ptr; }
  void status_line(unsigned status) noexcept {
    if (status == 200) return put(status_ok);
    put(status_ok.substr(0, 9));
    number(status);
    put(" ");
    put_if_any(reason_phrase(status));
    put(line_end);
  }
  char* at() const noexcept { return at_; }

 private:
  char* at_;
};

}  // namespace

std::string_view reason_phrase(unsigned status) noexcept {
  namespace http = boost::beast::http;
  const http::status known = http::int_to_status(status);
  if (known == http::status::unknown) return {};
  const auto text = http::obsolete_reason(known);
  return {text.data(), text.size()};
}

void write_response(byte_buffer& out, const response_parts& what, const response_context& how) {
  const bool content = has_content(what.status);
  const bool send_body = content && !how.head;
  const std::size_t most = fixed_parts + what.content_type.size() + what.fields.size() + what.date.size() +
                           (send_body ? what.body.size() : 0);
  char* const start = out.prepare(most);
  cursor to(start);
  to.status_line(what.status);
  to.put_if_any(what.date);
  if (content && !what.content_type.empty()) {
    to.put(content_type_name);
    to.put(what.content_type);
    to.put(line_end);
  }
  if (content) {
    to.put(content_length_name);
    to.number(what.body.size() + what.more);
    to.put(line_end);
  } else if (says_empty(what.status)) {
    to.put(no_content);
  }
  if (!how.keep_alive) to.put(connection_close);
  else if (how.version < 11) to.put(connection_keep);
  to.put_if_any(what.fields);
  to.put(line_end);
  if (send_body) to.put_if_any(what.body);
  out.commit(static_cast<std::size_t>(to.at() - start));
}

void write_stream_head(byte_buffer& out, const response_parts& what, const response_context& how,
                       streaming delimited) {
  char* const start =
      out.prepare(fixed_parts + what.content_type.size() + what.fields.size() + what.date.size());
  cursor to(start);
  to.status_line(what.status);
  to.put_if_any(what.date);
  if (!what.content_type.empty()) {
    to.put(content_type_name);
    to.put(what.content_type);
    to.put(line_end);
  }
  if (delimited == streaming::chunked) to.put("Transfer-Encoding: chunked\r\n");
  else if (says_empty(what.status)) to.put(no_content);
  if (!how.keep_alive) to.put(connection_close);
  else if (how.version < 11) to.put(connection_keep);
  to.put_if_any(what.fields);
  to.put(line_end);
  out.commit(static_cast<std::size_t>(to.at() - start));
}

void write_chunk(byte_buffer& out, std::string_view content) {
  constexpr std::size_t framing = 16 + 4;
  char* const start = out.prepare(framing + content.size());
  cursor to(std::to_chars(start, start + 16, content.size(), 16).ptr);
  to.put(line_end);
  to.put(content);
  to.put(line_end);
  out.commit(static_cast<std::size_t>(to.at() - start));
}

}  // namespace cluster::wire
