// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cluster::wire {

enum class body_state : std::uint8_t {
  more,    ///< everything given was taken; the message goes on
  data,    ///< `data` holds the next piece of content; call again with the rest
  done,    ///< the message has ended; what was not taken belongs to the next one
  refused  ///< see why()
};

/// Finds the content of one message in what comes behind its header section: by length or chunked
/// (RFC 9112 6, 7.1). Allocates nothing, keeps no octet, may be fed in pieces of any size.
///
/// Bounded in every direction: content, digits of a chunk size, sum of extensions, trailers. Trailer
/// fields are checked and dropped; they never become header fields.
class body_decoder {
 public:
  explicit body_decoder(const limits& bounds) noexcept : limits_(bounds) {}

  void start_length(std::uint64_t length) noexcept;
  /// `most`: octets of content, in place of limits::body_bytes.
  void start_chunked(std::uint64_t most) noexcept;
  void start_chunked() noexcept { start_chunked(limits_.body_bytes); }

  /// Takes octets off the front of `input`. With body_state::data, `data` is a view into what was taken.
  body_state take(std::string_view& input, std::string_view& data) noexcept;

  const refusal& why() const noexcept { return why_; }

 private:
  enum class at : std::uint8_t {
    length,
    size,
    size_blank,
    extension,
    extension_name,
    name_blank,
    value_blank,
    extension_value,
    quoted,
    quoted_pair,
    value_end,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done
  };

  bool octet(char c) noexcept;
  bool in_extension(char c) noexcept;
  bool in_trailer(char c) noexcept;
  bool size_digit(char c) noexcept;
  bool go(at next) noexcept {
    at_ = next;
    return true;
  }
  bool fail(unsigned status, const char* reason) noexcept {
    why_ = {status, reason};
    return false;
  }

  limits limits_;
  refusal why_;
  at at_ = at::done;
  std::uint64_t left_ = 0;   // of the content (length) or of the chunk
  std::uint64_t total_ = 0;  // content so far, chunked
  std::uint64_t most_ = 0;   // of content, chunked
  unsigned digits_ = 0;
  std::size_t extensions_ = 0;
  std::size_t trailers_ = 0;
  std::size_t trailer_fields_ = 0;
};

}  // namespace cluster::wire
