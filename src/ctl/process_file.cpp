// SPDX-License-Identifier: BSL-1.0
#include "ctl/process_file.hpp"

#include "ctl/nearest.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace cluster::ctl {
namespace {

namespace fs = std::filesystem;

/// Reads one file, noting every mistake.
class reader {
 public:
  explicit reader(const std::string& path) {
    result_.path = fs::absolute(path).lexically_normal().string();
    shown_ = path;
  }

  process_file take() { return std::move(result_); }
  void complain(const std::string& what) { result_.mistakes.push_back(shown_ + ": " + what); }

  void read(const std::string& text) {
    boost::system::error_code ec;
    boost::json::stream_parser parser;
    const std::size_t used = parser.write_some(text, ec);
    if (!ec) parser.finish(ec);
    if (!ec && text.find_first_not_of(" \t\r\n", used) != text.npos) ec = boost::json::error::extra_data;
    if (ec) {
      const auto stop = text.begin() + static_cast<std::ptrdiff_t>(used);
      return complain("line " + std::to_string(std::count(text.begin(), stop, '\n') + 1) + ": " +
                      ec.message());
    }
    const boost::json::value root = parser.release();
    const auto* object = root.if_object();
    const auto* apps = object == nullptr ? nullptr : object->if_contains("apps");
    if (apps == nullptr || !apps->is_array() || apps->get_array().empty())
      return complain("is to be an object with a list of programs: {\"apps\": [{\"script\": ...}]}");
    for (const auto& each : *object)
      if (each.key() != "apps" && each.key() != "$schema")
        complain(std::string(each.key()) + ": is not known; beside 'apps' there is only '$schema'");
    for (const auto& each : apps->get_array()) read_app(each, result_.apps.size());
  }

 private:
  void read_app(const boost::json::value& from, std::size_t index) {
    const std::string where = "apps[" + std::to_string(index) + "]";
    app& into = result_.apps.emplace_back();
    if (!from.is_object()) return complain(where + ": is to be an object with 'script' at the least");
    for (const auto& each : from.get_object()) {
      const std::string key(each.key());
      const auto known = std::find_if(app_keys().begin(), app_keys().end(),
                                      [&](const app_key& one) { return one.name == key; });
      if (known == app_keys().end()) {
        complain(where + "." + unknown(key));
      } else if (const auto right = known->apply(into, each.value())) {
        std::string shown = boost::json::serialize(each.value());
        if (shown.size() > 60) shown = shown.substr(0, 57) + "...";
        complain(where + "." + key + ": " + shown + " is not " + *right);
      }
    }
    complete(into, where);
  }

  static std::string unknown(const std::string& key) {
    if (const auto why = why_refused(key); !why.empty()) return key + ": " + std::string(why);
    std::vector<std::string> names;
    for (const app_key& each : app_keys()) names.emplace_back(each.name);
    std::string line = key + ": is not known";
    if (const auto meant = nearest(key, names); !meant.empty()) line += "; did you mean '" + meant + "'?";
    return line;
  }

  void complete(app& one, const std::string& where) {
    if (one.script.empty()) return complain(where + ".script: is missing; it says what to run");
    const fs::path folder = fs::path(result_.path).parent_path();
    one.cwd = (one.cwd.empty() ? folder : folder / one.cwd).lexically_normal().string();
    if (one.name.empty()) one.name = fs::path(one.script).stem().string();
    const auto same = [&](const app& other) { return &other != &one && other.name == one.name; };
    if (std::any_of(result_.apps.begin(), result_.apps.end(), same))
      complain(where + ".name: '" + one.name + "' is the name of another app in this file");
    if (one.shared == false && !one.listen.empty())
      complain(where +
               ".listen: with exec_mode fork the program opens its own port; exec_mode cluster shares one");
  }

  process_file result_;
  std::string shown_;
};

}  // namespace

std::size_t instance_count::on(std::size_t cpus) const {
  const std::size_t count = !below_cpus ? number : cpus > number ? cpus - number : 1;
  return std::clamp<std::size_t>(count, 1, 1024);
}

process_file parse_process_file(const std::string& text, const std::string& path) {
  reader one(path);
  one.read(text);
  return one.take();
}

process_file read_process_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code ignored;
  if (!file || fs::is_directory(path, ignored)) {
    reader one(path);
    one.complain(file ? "is a folder" : std::strerror(errno));
    return one.take();
  }
  return parse_process_file({std::istreambuf_iterator<char>(file), {}}, path);
}

namespace {

/// A number and the rest behind it.
std::optional<std::pair<std::uint64_t, std::string_view>> number_and_unit(const boost::json::value& from) {
  if (from.is_int64() && from.get_int64() >= 0)
    return std::pair{static_cast<std::uint64_t>(from.get_int64()), std::string_view()};
  if (!from.is_string()) return std::nullopt;
  const std::string_view text(from.get_string().data(), from.get_string().size());
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || number > (std::uint64_t{1} << 40)) return std::nullopt;
  return std::pair{number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

}  // namespace

std::optional<std::chrono::milliseconds> read_time(const boost::json::value& from) {
  const auto parsed = number_and_unit(from);
  if (!parsed) return std::nullopt;
  std::uint64_t factor = 0;
  if (parsed->second.empty() || parsed->second == "ms") factor = 1;
  else if (parsed->second == "s") factor = 1000;
  else if (parsed->second == "m") factor = 60'000;
  else if (parsed->second == "h") factor = 3'600'000;
  constexpr std::uint64_t year = 366ULL * 24 * 3'600'000;
  if (factor == 0 || parsed->first > year / factor) return std::nullopt;
  return std::chrono::milliseconds(parsed->first * factor);
}

std::optional<std::uint64_t> read_size(const boost::json::value& from) {
  const auto parsed = number_and_unit(from);
  if (!parsed) return std::nullopt;
  if (parsed->second.empty()) return parsed->first;
  if (parsed->second.size() != 1) return std::nullopt;
  const auto unit = std::string_view("KMG").find(parsed->second.front());
  if (unit == std::string_view::npos || parsed->first > (std::uint64_t{1} << 20)) return std::nullopt;
  return parsed->first << (10 * (unit + 1));
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) quote = 0;
      else word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      inside = true;
    } else if (c == ' ' || c == '\t') {
      if (inside) words.push_back(std::move(word));
      word.clear();
      inside = false;
    } else {
      word += c;
      inside = true;
    }
  }
  if (inside) words.push_back(std::move(word));
  return words;
}

}  // namespace cluster::ctl
