// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cluster::ctl {

/// Members of what a cluster answered. It may be older or newer than this program: what is missing or of
/// another type is simply not there.
inline const boost::json::value* member(const boost::json::value& of, std::string_view name) {
  const auto* object = of.if_object();
  const auto* found = object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
  return found == nullptr || found->is_null() ? nullptr : found;
}

inline std::optional<double> number(const boost::json::value& of, std::string_view name) {
  const auto* found = member(of, name);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->to_number<double>();
}

inline std::optional<std::uint64_t> count(const boost::json::value& of, std::string_view name) {
  const auto* found = member(of, name);
  if (found != nullptr && found->is_uint64()) return found->get_uint64();
  if (found == nullptr || !found->is_int64() || found->get_int64() < 0) return std::nullopt;
  return static_cast<std::uint64_t>(found->get_int64());
}

inline std::string text(const boost::json::value& of, std::string_view name) {
  const auto* found = member(of, name);
  if (found == nullptr || !found->is_string()) return {};
  return std::string(found->get_string().data(), found->get_string().size());
}

/// The elements of an array; none if it is not there.
inline const boost::json::array& elements(const boost::json::value& of, std::string_view name) {
  static const boost::json::array none;
  const auto* found = member(of, name);
  return found == nullptr || !found->is_array() ? none : found->get_array();
}

}  // namespace cluster::ctl
