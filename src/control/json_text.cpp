// SPDX-License-Identifier: BSL-1.0
#include "control/json_text.hpp"

#include "common/text.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace cluster::control {

void json_text::separate() {
  if (!first_) text_ += ',';
  first_ = false;
}

json_text& json_text::open(char bracket) {
  separate();
  text_ += bracket;
  first_ = true;
  return *this;
}

json_text& json_text::close(char bracket) {
  text_ += bracket;
  first_ = false;
  return *this;
}

json_text& json_text::key(std::string_view name) {
  separate();
  append_json_string(text_, name);
  text_ += ':';
  first_ = true;
  return *this;
}

json_text& json_text::value(std::string_view text) {
  separate();
  append_json_string(text_, text);
  return *this;
}

json_text& json_text::value(bool truth) { return raw(truth ? "true" : "false"); }

json_text& json_text::value(double number) {
  if (!std::isfinite(number)) return null();
  std::array<char, 32> digits{};
  const int length = std::snprintf(digits.data(), digits.size(), "%.15g", number);
  return raw({digits.data(), static_cast<std::size_t>(length)});
}

json_text& json_text::null() { return raw("null"); }

json_text& json_text::raw(std::string_view json) {
  separate();
  text_ += json;
  return *this;
}

}  // namespace cluster::control
