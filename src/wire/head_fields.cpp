// SPDX-License-Identifier: BSL-1.0
// The fields that decide about framing, routing and the life of the connection.
#include "wire/chars.hpp"
#include "wire/head_reader.hpp"
#include "wire/target.hpp"

#include <limits>

namespace cluster::wire {

bool head_reader::note(request_head& head, std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 4:
      if (equals_lower(name, "host")) return note_host(head, value);
      break;
    case 6:
      if (equals_lower(name, "expect")) {
        if (equals_lower(value, "100-continue")) head.expect_continue = true;
        else expect_other_ = true;
      }
      break;
    case 10:
      if (equals_lower(name, "connection")) return note_connection(value);
      break;
    case 14:
      if (equals_lower(name, "content-length")) return note_length(head, value);
      break;
    case 17:
      if (equals_lower(name, "transfer-encoding")) return note_coding(head, value);
      break;
    default: break;
  }
  return true;
}

bool head_reader::note_host(request_head& head, std::string_view value) {
  if (++hosts_ > 1) return fail(400, "more than one Host");
  if (!valid_authority(value)) return fail(400, "bad Host");
  if (head.host.data() == nullptr) head.host = value;  // an absolute-form target goes first
  return true;
}

bool head_reader::note_length(request_head& head, std::string_view value) {
  if (++lengths_ > 1) return fail(400, "more than one Content-Length");
  if (value.empty() || !all_chars(value, chars::digit)) return fail(400, "bad Content-Length");
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t length = 0;
  for (const char c : value) {
    const auto d = static_cast<std::uint64_t>(c - '0');
    if (length > (most - d) / 10) return fail(400, "bad Content-Length");
    length = length * 10 + d;
  }
  head.content_length = length;
  head.body = framing::length;
  return true;
}

// RFC 9112 6.1, 6.3: whatever is not exactly one `chunked` leaves the end of the message in doubt.
bool head_reader::note_coding(request_head& head, std::string_view value) {
  if (++codings_ > 1) return fail(400, "more than one Transfer-Encoding");
  unsigned chunked = 0;
  unsigned others = 0;
  while (!value.empty()) {
    const std::string_view coding = next_element(value);
    if (coding.empty()) continue;
    if (!all_chars(coding, chars::token)) return fail(400, "bad Transfer-Encoding");
    if (equals_lower(coding, "chunked")) ++chunked;
    else if (chunked != 0) return fail(400, "chunked is not the last coding");
    else ++others;
  }
  if (others != 0) return fail(501, "transfer coding not supported");
  if (chunked != 1) return fail(400, "bad Transfer-Encoding");
  head.body = framing::chunked;
  return true;
}

bool head_reader::note_connection(std::string_view value) {
  while (!value.empty()) {
    const std::string_view option = next_element(value);
    if (!all_chars(option, chars::token)) return fail(400, "bad Connection");
    if (equals_lower(option, "close")) close_ = true;
    else if (equals_lower(option, "keep-alive")) keep_alive_ = true;
  }
  return true;
}

bool head_reader::finish(request_head& head) {
  if (codings_ != 0 && lengths_ != 0) return fail(400, "Content-Length beside Transfer-Encoding");
  if (head.version == 10) {
    if (codings_ != 0) return fail(400, "Transfer-Encoding in HTTP/1.0");
    head.expect_continue = false;
    head.keep_alive = keep_alive_ && !close_;
  } else {
    if (hosts_ == 0) return fail(400, "no Host");
    if (expect_other_) return fail(417, "expectation not supported");
    head.keep_alive = !close_;
  }
  if (head.body == framing::length && head.content_length == 0) head.body = framing::none;
  return true;
}

}  // namespace cluster::wire
