// SPDX-License-Identifier: BSL-1.0
#include "wire/body_decoder.hpp"

#include "wire/chars.hpp"

#include <algorithm>

namespace cluster::wire {

void body_decoder::start_length(std::uint64_t length) noexcept {
  left_ = length;
  at_ = length == 0 ? at::done : at::length;
}

void body_decoder::start_chunked(std::uint64_t most) noexcept {
  most_ = most;
  left_ = total_ = 0;
  digits_ = 0;
  extensions_ = trailers_ = trailer_fields_ = 0;
  at_ = at::size;
}

body_state body_decoder::take(std::string_view& input, std::string_view& data) noexcept {
  while (at_ != at::done) {
    if (input.empty()) return body_state::more;
    if (at_ == at::length || at_ == at::data) {
      const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      data = input.substr(0, n);
      input.remove_prefix(n);
      left_ -= n;
      if (left_ == 0) at_ = at_ == at::length ? at::done : at::data_cr;
      return body_state::data;
    }
    if (!octet(input.front())) return body_state::refused;
    input.remove_prefix(1);
  }
  return body_state::done;
}

bool body_decoder::size_digit(char c) noexcept {
  // Sixteen digits are all a 64-bit size needs; more are padding, and padding has to end somewhere.
  if (++digits_ > 16) return fail(400, "chunk size too long");
  left_ = left_ << 4 | hex_value(c);
  return true;
}

bool body_decoder::octet(char c) noexcept {
  switch (at_) {
    case at::size:
      if (is_char(c, chars::hex)) return size_digit(c);
      if (digits_ == 0) return fail(400, "bad chunk size");
      if (left_ > most_ || total_ > most_ - left_) return fail(413, "content too large");
      total_ += left_;
      if (c == '\r') return go(at::size_lf);
      [[fallthrough]];
    case at::size_blank:
    case at::extension:
    case at::extension_name:
    case at::name_blank:
    case at::value_blank:
    case at::extension_value:
    case at::quoted:
    case at::quoted_pair:
    case at::value_end:
      if (++extensions_ > limits_.extension_bytes) return fail(413, "chunk extensions too large");
      return in_extension(c);
    case at::size_lf:
      if (c != '\n') return fail(400, "CR without LF in a chunk size");
      digits_ = 0;
      return go(left_ == 0 ? at::trailer_start : at::data);
    case at::data_cr: return c == '\r' ? go(at::data_lf) : fail(400, "chunk longer than its size");
    case at::data_lf: return c == '\n' ? go(at::size) : fail(400, "CR without LF behind a chunk");
    case at::trailer_start:
    case at::trailer_name:
    case at::trailer_value:
    case at::trailer_lf:
      if (++trailers_ > limits_.trailer_bytes) return fail(431, "trailers too large");
      return in_trailer(c);
    case at::end_lf: return c == '\n' ? go(at::done) : fail(400, "CR without LF in trailers");
    case at::length:
    case at::data:
    case at::done: break;
  }
  return fail(400, "bad chunk");
}

// RFC 9112 7.1.1: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
bool body_decoder::in_extension(char c) noexcept {
  const bool token = is_char(c, chars::token);
  switch (at_) {
    case at::size:
    case at::size_blank:
      if (is_blank(c)) return go(at::size_blank);
      return c == ';' ? go(at::extension) : fail(400, "bad chunk size");
    case at::extension:
      if (is_blank(c)) return true;
      return token ? go(at::extension_name) : fail(400, "bad chunk extension");
    case at::extension_name:
      if (token) return true;
      [[fallthrough]];
    case at::name_blank:
      if (is_blank(c)) return go(at::name_blank);
      if (c == '=') return go(at::value_blank);
      if (c == ';') return go(at::extension);
      return c == '\r' ? go(at::size_lf) : fail(400, "bad chunk extension");
    case at::value_blank:
      if (is_blank(c)) return true;
      if (c == '"') return go(at::quoted);
      return token ? go(at::extension_value) : fail(400, "bad chunk extension");
    case at::quoted:
      if (c == '"') return go(at::value_end);
      if (c == '\\') return go(at::quoted_pair);
      return is_char(c, chars::value) ? true : fail(400, "bad chunk extension");
    case at::quoted_pair: return is_char(c, chars::value) ? go(at::quoted) : fail(400, "bad chunk extension");
    case at::extension_value:
      if (token) return true;
      [[fallthrough]];
    case at::value_end:
      if (is_blank(c)) return go(at::value_end);
      if (c == ';') return go(at::extension);
      return c == '\r' ? go(at::size_lf) : fail(400, "bad chunk extension");
    case at::length:
    case at::size_lf:
    case at::data:
    case at::data_cr:
    case at::data_lf:
    case at::trailer_start:
    case at::trailer_name:
    case at::trailer_value:
    case at::trailer_lf:
    case at::end_lf:
    case at::done: break;
  }
  return fail(400, "bad chunk extension");
}

bool body_decoder::in_trailer(char c) noexcept {
  switch (at_) {
    case at::trailer_start:
      if (c == '\r') return go(at::end_lf);
      if (++trailer_fields_ > limits_.fields) return fail(431, "too many trailers");
      return is_char(c, chars::token) ? go(at::trailer_name) : fail(400, "bad trailer");
    case at::trailer_name:
      if (is_char(c, chars::token)) return true;
      return c == ':' ? go(at::trailer_value) : fail(400, "bad trailer");
    case at::trailer_value:
      if (c == '\r') return go(at::trailer_lf);
      return is_char(c, chars::value) ? true : fail(400, "bad trailer");
    case at::trailer_lf: return c == '\n' ? go(at::trailer_start) : fail(400, "CR without LF in trailers");
    case at::length:
    case at::size:
    case at::size_blank:
    case at::extension:
    case at::extension_name:
    case at::name_blank:
    case at::value_blank:
    case at::extension_value:
    case at::quoted:
    case at::quoted_pair:
    case at::value_end:
    case at::size_lf:
    case at::data:
    case at::data_cr:
    case at::data_lf:
    case at::end_lf:
    case at::done: break;
  }
  return fail(400, "bad trailer");
}

}  // namespace cluster::wire
