// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace cluster::control {

/// Writes JSON member by member, in a fixed order, with texts that are valid whatever is in them (some
/// come from workers). Nesting is the caller's to close.
class json_text {
 public:
  json_text& open(char bracket = '{');
  json_text& close(char bracket = '}');
  /// Of the next value.
  json_text& key(std::string_view name);

  json_text& value(std::string_view text);
  json_text& value(const char* text) { return value(std::string_view(text)); }
  json_text& value(bool truth);
  json_text& value(double number);
  json_text& null();
  template <std::integral Number>
  json_text& value(Number number) {
    return raw(std::to_string(number));
  }
  /// A value that is JSON already.
  json_text& raw(std::string_view json);

  template <class Value>
  json_text& member(std::string_view name, const Value& what) {
    return key(name).value(what);
  }

  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }

 private:
  void separate();

  std::string text_;
  bool first_ = true;
};

}  // namespace cluster::control
