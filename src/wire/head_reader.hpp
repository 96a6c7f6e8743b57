// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire/limits.hpp"
#include "wire/request_head.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cluster::wire {

enum class head_state : std::uint8_t { incomplete, complete, refused };

/// Reads the header section of a request (RFC 9112 2-6) out of a flat buffer, whole or not at all: until
/// it is complete nothing is consumed, so what is there may move to another buffer or process.
///
/// Strict: what RFC 9112 lets a server take for tolerance and that two parsers may read differently
/// (bare LF, obs-fold, repeated lengths, codings other than one `chunked`) is refused.
class head_reader {
 public:
  explicit head_reader(const limits& bounds) noexcept : limits_(bounds) {}

  /// Tries to read a header section at the start of `input`, which has no empty lines in front.
  /// `scanned` belongs to the caller and to this header section: zero at first, then as this function
  /// left it. With `complete`, head.size octets are the section. With `refused`, see why().
  head_state read(std::string_view input, std::size_t& scanned, request_head& head);

  const refusal& why() const noexcept { return why_; }

 private:
  enum class step : std::uint8_t { ok, more, bad };

  step request_line(request_head& head);
  step version(request_head& head);
  step field_line(request_head& head);
  bool note(request_head& head, std::string_view name, std::string_view value);
  bool note_length(request_head& head, std::string_view value);
  bool note_coding(request_head& head, std::string_view value);
  bool note_host(request_head& head, std::string_view value);
  bool note_connection(std::string_view value);
  bool finish(request_head& head);
  step refuse(unsigned status, const char* reason) noexcept;
  bool fail(unsigned status, const char* reason) noexcept {
    refuse(status, reason);
    return false;
  }
  bool worth_reading(std::string_view input, std::size_t scanned) const noexcept;

  limits limits_;
  refusal why_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  // What the fields seen so far said.
  unsigned hosts_ = 0;
  unsigned lengths_ = 0;
  unsigned codings_ = 0;
  bool close_ = false;
  bool keep_alive_ = false;
  bool expect_other_ = false;
};

/// The number of octets of empty lines in front of a request line (RFC 9112 2.2: to be ignored). Looks at
/// complete CRLF pairs only.
constexpr std::size_t leading_empty_lines(std::string_view input) noexcept {
  std::size_t n = 0;
  while (input.size() - n >= 2 && input[n] == '\r' && input[n + 1] == '\n') n += 2;
  return n;
}

}  // namespace cluster::wire
