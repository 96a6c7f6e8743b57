// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/http/request.hpp>

#include <cstdint>
#include <ctime>
#include <string>

namespace cluster::http {

/// What is known of a representation: a strong entity tag with its quotes, and when it was changed.
struct validators {
  std::string etag;
  std::time_t modified = 0;
  std::uint64_t size = 0;
};

/// What a request's If-* and Range fields make of it.
struct selection {
  enum class result : std::uint8_t {
    whole,          ///< 200
    part,           ///< 206, [first, first + length)
    unchanged,      ///< 304
    failed,         ///< 412
    unsatisfiable,  ///< 416
  };
  result what = result::whole;
  std::uint64_t first = 0;
  std::uint64_t length = 0;  ///< with whole and part
};

/// Preconditions in the order of RFC 9110 13.2.2, then Range (RFC 9110 14.2), for GET and HEAD. Of a Range
/// with several ranges, or in another unit, nothing is selected: the whole is the answer.
selection select(const request& asked, const validators& of, std::time_t now);

}  // namespace cluster::http
