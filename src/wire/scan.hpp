// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire/chars.hpp"

#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace cluster::wire {

/// The first octet in [at, end) that may not stand in a field value, or end. Field values are most of
/// what a browser sends, so this looks at 16 octets at a time where it can.
inline const char* skip_value(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  while (end - at >= 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(at));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    const __m128i tab = _mm_cmpeq_epi8(v, _mm_set1_epi8('\t'));
    const __m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));
    const __m128i bad = _mm_or_si128(_mm_andnot_si128(tab, control), del);
    const int mask = _mm_movemask_epi8(bad);
    if (mask != 0) return at + std::countr_zero(static_cast<unsigned>(mask));
    at += 16;
  }
#endif
  while (at != end && is_char(*at, chars::value)) ++at;
  return at;
}

/// The first octet in [at, end) that is not of one of the classes, or end.
inline const char* skip(const char* at, const char* end, std::uint8_t classes) noexcept {
  while (at != end && is_char(*at, classes)) ++at;
  return at;
}

}  // namespace cluster::wire
