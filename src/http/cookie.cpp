// SPDX-License-Identifier: BSL-1.0
#include <cluster/http/cookie.hpp>

#include "wire/chars.hpp"
#include "wire/response_writer.hpp"

#include <algorithm>
#include <stdexcept>

namespace cluster::http {
namespace {

// cookie-octet of RFC 6265 4.1.1; for path and domain av-octet, which allows more than is wise.
bool valid_value(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet > 0x20 && octet < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
  });
}

void require(bool condition, const std::string& what) {
  if (!condition) throw std::invalid_argument("cookie: " + what);
}

}  // namespace

response& set_cookie(response& answer, const cookie& what) {
  require(wire::valid_field_name(what.name), "bad name");
  require(valid_value(what.value), "bad value for " + what.name);
  require(valid_value(what.path), "bad path for " + what.name);
  require(valid_value(what.domain), "bad domain for " + what.name);
  require(what.secure || what.same_site != cookie::site::none, "SameSite=None needs Secure");
  std::string line = what.name + "=" + what.value;
  if (!what.path.empty()) line += "; Path=" + what.path;
  if (!what.domain.empty()) line += "; Domain=" + what.domain;
  if (what.max_age) line += "; Max-Age=" + std::to_string(what.max_age->count());
  if (what.secure) line += "; Secure";
  if (what.http_only) line += "; HttpOnly";
  switch (what.same_site) {
    case cookie::site::strict: line += "; SameSite=Strict"; break;
    case cookie::site::lax: line += "; SameSite=Lax"; break;
    case cookie::site::none: line += "; SameSite=None"; break;
  }
  return answer.add("Set-Cookie", line);
}

}  // namespace cluster::http
