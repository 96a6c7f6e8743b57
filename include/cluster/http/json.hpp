// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/http/response.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cluster::http {

/// The text as a JSON string, quotes included. Octets that are not UTF-8 become U+FFFD, and `<`, `>`, `&` are
/// escaped so that it may stand in HTML as well.
CLUSTER_API std::string json_string(std::string_view text);

/// A response from a value of a JSON library: anything for which `serialize(value)` is found beside its
/// type and gives text, such as boost::json::value (include <boost/json.hpp> for it).
template <class Value>
requires(!std::is_convertible_v<const Value&, std::string_view>) response
    json(const Value& value, unsigned status = 200) {
  return json(std::string(serialize(value)), status);
}

}  // namespace cluster::http
