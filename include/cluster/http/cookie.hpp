// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/http/response.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace cluster::http {

/// What a Set-Cookie field says (RFC 6265 4.1). An aggregate for designated initialisers; the defaults are
/// the careful ones.
struct cookie {
  enum class site : std::uint8_t { strict, lax, none };

  std::string name;
  std::string value;
  std::string path = "/";
  std::string domain;                           ///< empty: this host alone
  std::optional<std::chrono::seconds> max_age;  ///< nothing: until the browser ends; zero: gone at once
  bool secure = true;
  bool http_only = true;
  site same_site = site::lax;  ///< none needs secure
};

/// Adds the cookie to the response. Throws std::invalid_argument if a part of it holds what RFC 6265 4.1.1
/// does not allow (white space, quotes, commas, semicolons, controls), or for `none` without `secure`.
CLUSTER_API response& set_cookie(response& answer, const cookie& what);
inline response&& set_cookie(response&& answer, const cookie& what) {
  return std::move(set_cookie(answer, what));
}

}  // namespace cluster::http
