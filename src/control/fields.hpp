// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "control/reply.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cluster::control {

/// The JSON object in a request. The first thing that is wrong with it becomes the complaint, and what
/// is read afterwards is empty.
class fields {
 public:
  /// An empty body is an empty object.
  fields(std::string_view body, std::initializer_list<std::string_view> known);

  std::optional<std::uint64_t> number(std::string_view name, std::uint64_t least, std::uint64_t most);
  std::optional<bool> truth(std::string_view name);
  std::optional<std::string> text(std::string_view name, std::initializer_list<std::string_view> accepted);
  /// Any text that is not empty.
  std::optional<std::string> text(std::string_view name);
  /// As flags take it ("500ms"), or a whole number of seconds.
  std::optional<std::chrono::milliseconds> duration(std::string_view name);
  bool has(std::string_view name) const;

  const std::optional<reply>& complaint() const { return complaint_; }

 private:
  const boost::json::value* find(std::string_view name) const;
  void refuse(std::string_view name, std::string_view accepted);

  boost::json::object object_;
  std::optional<reply> complaint_;
};

/// The query of a request, `a=1&b`. Unknown and repeated names are refused.
class query {
 public:
  query(std::string_view text, std::initializer_list<std::string_view> known);

  /// True for `name`, `name=1` and `name=true`.
  bool flag(std::string_view name);
  std::optional<std::string> text(std::string_view name) const;
  std::optional<std::uint64_t> number(std::string_view name, std::uint64_t most);

  const std::optional<reply>& complaint() const { return complaint_; }

 private:
  std::vector<std::pair<std::string, std::string>> given_;
  std::optional<reply> complaint_;
};

}  // namespace cluster::control
