// SPDX-License-Identifier: BSL-1.0
#include "common/text.hpp"
#include "os/text_file.hpp"
#include "run/settings.hpp"

#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace cluster::run_detail {
namespace {

// A value as the text that the flag would have had; nothing for what no flag can say.
std::optional<std::string> scalar(const boost::json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  return std::nullopt;
}

complaint read_entry(options& into, const std::string& where, const setting& one,
                     const boost::json::value& value) {
  std::vector<std::string> given;
  if (const auto text = scalar(value)) given.push_back(*text);
  if (value.is_array() && one.repeatable) {
    for (const boost::json::value& each : value.get_array()) {
      const auto text = scalar(each);
      if (!text) return where + ": each element is to be a string or a whole number";
      given.push_back(*text);
    }
  } else if (given.empty()) {
    return where + ": is to be a string or a whole number" +
           std::string(one.repeatable ? ", or an array of them" : "");
  }
  return assign(into, one, where, given);
}

const setting* find(std::string_view name) {
  for (const setting& one : settings())
    if (one.name == name) return &one;
  return nullptr;
}

std::string unknown_key(const std::string& path, const std::string& key) {
  std::vector<std::string_view> names;
  for (const setting& one : settings()) names.push_back(one.name);
  std::string line = path + ": the key '" + key + "' is not known";
  if (const auto meant = nearest(key, names); !meant.empty())
    line += "; did you mean '" + std::string(meant) + "'?";
  return line;
}

}  // namespace

complaint read_file(options& into, const std::string& path) {
  const auto text = os::read_text_file(path);
  if (!text) return "config: " + path + ": " + std::strerror(errno);
  boost::system::error_code ec;
  boost::json::stream_parser parser;
  const std::string& content = *text;
  const std::size_t used = parser.write_some(content, ec);
  if (!ec) parser.finish(ec);
  if (!ec && content.find_first_not_of(" \t\r\n", used) != std::string::npos)
    ec = boost::json::error::extra_data;
  if (ec) {
    const auto lines = std::count(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(used), '\n');
    return "config: " + path + ", line " + std::to_string(lines + 1) + ": " + ec.message();
  }
  const boost::json::value root = parser.release();
  if (!root.is_object()) return "config: " + path + ": is to be a JSON object";
  for (const auto& entry : root.get_object()) {
    const std::string key(entry.key());
    const setting* one = find(key);
    if (one == nullptr) return "config: " + unknown_key(path, key);
    if (auto bad = read_entry(into, "config: " + path + ": " + key, *one, entry.value())) return bad;
  }
  return std::nullopt;
}

}  // namespace cluster::run_detail
