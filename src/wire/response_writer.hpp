// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire/byte_buffer.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cluster::wire {

/// A response as views, everything in it valid already.
struct response_parts {
  unsigned status = 200;          ///< 200..599
  std::string_view content_type;  ///< empty: no such field
  std::string_view fields;        ///< whole lines, as append_field() makes them
  std::string_view body;
  std::string_view date;   ///< a whole line; empty: no such field
  std::uint64_t more = 0;  ///< octets of content that follow by other ways, behind `body`
};

/// What the request and the connection make of it.
struct response_context {
  unsigned version = 11;  ///< of the request, 10 or 11
  bool keep_alive = true;
  bool head = false;  ///< the request was HEAD: fields as for GET, no content
};

/// Whether a response of that status can have content (RFC 9110 6.4.1, 15.3.6).
constexpr bool has_content(unsigned status) noexcept {
  return status >= 200 && status != 204 && status != 205 && status != 304;
}

/// Whether it has to say that it has none: its status alone does not (RFC 9112 6.3, RFC 9110 15.3.6).
constexpr bool says_empty(unsigned status) noexcept { return status == 205; }

/// Appends the whole response to `out` (RFC 9112 4, 6.2, 9.3): Content-Length wherever content is
/// allowed, zero with 205, never with 204; Connection where the default for the version does not say it.
void write_response(byte_buffer& out, const response_parts& what, const response_context& how);

/// How content of a length that is not known beforehand is delimited.
enum class streaming : std::uint8_t { none, chunked, until_close };

/// Appends a header section for content that follows in pieces; `what.body` is not looked at. With
/// `chunked` for HTTP/1.1 and `until_close`, which goes with `keep_alive` false, for HTTP/1.0 (RFC 9112 6.1).
void write_stream_head(byte_buffer& out, const response_parts& what, const response_context& how,
                       streaming delimited);

/// Appends one chunk (RFC 9112 7.1); the content is not empty.
void write_chunk(byte_buffer& out, std::string_view content);
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

/// The interim response for `Expect: 100-continue`.
inline constexpr std::string_view continue_response = "HTTP/1.1 100 Continue\r\n\r\n";

/// The phrase for a status ("Not Found"); empty for unknown ones.
std::string_view reason_phrase(unsigned status) noexcept;

/// Whether it can be a field name; whether it can be a field value (RFC 9110 5.1, 5.5). CR, LF, NUL and
/// other controls cannot.
bool valid_field_name(std::string_view name) noexcept;
bool valid_field_value(std::string_view value) noexcept;

/// Appends `name: value` CR LF; both are valid.
void append_field(std::string& lines, std::string_view name, std::string_view value);

/// The value of the first such field in lines made by append_field(), or a null view.
std::string_view find_field(std::string_view lines, std::string_view name) noexcept;

/// Takes all fields of that name out of such lines.
void erase_field(std::string& lines, std::string_view name);

}  // namespace cluster::wire
