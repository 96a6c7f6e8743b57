// SPDX-License-Identifier: BSL-1.0
// The rules of Prometheus' text format, as far as `promtool check metrics` looks at them, and some more.
#pragma once

#include "support/catch.hpp"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>
#include <string>

namespace cluster::test {

struct scraped {
  std::map<std::string, std::string> types;
  std::map<std::string, double> samples;  ///< by name with labels
};

inline bool is_name(const std::string& text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) return false;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') return false;
  return true;
}

/// `{name="value",...}` with nothing unescaped in the values, or nothing at all.
inline bool labels_are_fine(const std::string& text) {
  if (text.empty()) return true;
  if (text.front() != '{' || text.back() != '}') return false;
  std::size_t at = 1;
  std::set<std::string> names;
  for (;;) {
    const std::size_t equals = text.find("=\"", at);
    if (equals == text.npos || !is_name(text.substr(at, equals - at))) return false;
    if (!names.insert(text.substr(at, equals - at)).second) return false;
    for (at = equals + 2; text[at] != '"'; ++at) {
      if (at + 1 >= text.size()) return false;
      if (text[at] == '\\' && std::string("\\\"n").find(text[++at]) == std::string::npos) return false;
    }
    ++at;
    if (text[at] == '}') return at + 1 == text.size();
    if (text[at++] != ',') return false;
  }
}

/// Reads an exposition and fails on whatever breaks its rules.
inline scraped scrape(const std::string& text) {
  scraped result;
  REQUIRE(text.ends_with('\n'));
  std::istringstream lines(text);
  std::string helped;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    std::istringstream words(line);
    std::string first;
    std::string second;
    std::string name;
    if (line.starts_with('#')) {
      words >> first >> second >> name;
      CHECK(is_name(name));
      if (second == "HELP") {
        helped = name;
        CHECK(line.ends_with('.'));
        continue;
      }
      REQUIRE(second == "TYPE");
      CHECK(name == helped);  // HELP and TYPE come together, once, before the samples
      CHECK(result.types.count(name) == 0);
      std::string type;
      words >> type;
      CHECK((type == "gauge" || type == "counter" || type == "histogram" || type == "summary"));
      CHECK((type == "counter") == name.ends_with("_total"));
      family = name;
      result.types[name] = type;
      continue;
    }
    const auto space = line.rfind(' ');
    REQUIRE(space != line.npos);
    const std::string key = line.substr(0, space);
    std::string base = key.substr(0, key.find('{'));
    const std::size_t base_size = base.size();
    if (result.types[family] == "histogram" && base == family + "_bucket") base = family;
    if (result.types[family] == "histogram" || result.types[family] == "summary")
      for (const char* ending : {"_sum", "_count"})
        if (base == family + ending) base = family;
    CHECK(base == family);
    CHECK(result.samples.count(key) == 0);
    CHECK(labels_are_fine(key.substr(base_size)));
    char* end = nullptr;
    result.samples[key] = std::strtod(line.c_str() + space, &end);
    CHECK(*end == '\0');
  }
  return result;
}

/// Asks promtool, if it is there; false if it is not.
inline bool promtool_agrees(const std::string& text) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) return false;
  FILE* tool = ::popen("promtool check metrics", "w");
  REQUIRE(tool != nullptr);
  std::fwrite(text.data(), 1, text.size(), tool);
  CHECK(::pclose(tool) == 0);
  return true;
}

}  // namespace cluster::test
