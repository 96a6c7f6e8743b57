// SPDX-License-Identifier: BSL-1.0
#include "control/fields.hpp"

#include "common/text.hpp"
#include "control/json_text.hpp"
#include "wire/percent.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace cluster::control {
namespace {

std::string unknown(std::string_view what, std::string_view name,
                    std::initializer_list<std::string_view> known) {
  std::string line = "the " + std::string(what) + " '";
  append_printable(line, name.substr(0, 100));
  line += "' is not known here";
  if (known.size() == 0) return line + ", there are none";
  const std::vector<std::string_view> names(known);
  if (const auto meant = nearest(name.substr(0, 100), names); !meant.empty())
    return line + "; did you mean '" + std::string(meant) + "'?";
  line += "; known:";
  for (const std::string_view each : known) line.append(" ").append(each);
  return line;
}

bool is_among(std::string_view name, std::initializer_list<std::string_view> known) {
  return std::find(known.begin(), known.end(), name) != known.end();
}

}  // namespace

reply error_reply(unsigned status, std::string_view code, std::string_view message) {
  json_text json;
  json.open().key("error").open().member("code", code).member("message", message).close().close();
  reply result;
  result.status = status;
  result.body = json.take();
  result.body += '\n';
  return result;
}

fields::fields(std::string_view body, std::initializer_list<std::string_view> known) {
  if (body.find_first_not_of(" \t\r\n") == body.npos) return;
  boost::system::error_code ec;
  boost::json::value value = boost::json::parse({body.data(), body.size()}, ec);
  if (ec) {
    complaint_ = error_reply(400, "bad_json", "the body is not JSON: " + ec.message());
  } else if (!value.is_object()) {
    complaint_ = error_reply(400, "bad_json", "the body is to be a JSON object");
  } else {
    for (const auto& each : value.get_object()) {
      const std::string_view name(each.key().data(), each.key().size());
      if (is_among(name, known)) continue;
      complaint_ = error_reply(400, "unknown_field", unknown("field", name, known));
      return;
    }
    object_ = std::move(value.get_object());
  }
}

const boost::json::value* fields::find(std::string_view name) const {
  return complaint_ ? nullptr : object_.if_contains({name.data(), name.size()});
}

bool fields::has(std::string_view name) const { return find(name) != nullptr; }

void fields::refuse(std::string_view name, std::string_view accepted) {
  complaint_ = error_reply(400, "invalid_value", std::string(name) + ": is to be " + std::string(accepted));
}

std::optional<std::uint64_t> fields::number(std::string_view name, std::uint64_t least, std::uint64_t most) {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (found->is_int64() && found->get_int64() >= 0) {
    const auto number = static_cast<std::uint64_t>(found->get_int64());
    if (number >= least && number <= most) return number;
  }
  refuse(name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

std::optional<bool> fields::truth(std::string_view name) {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (found->is_bool()) return found->get_bool();
  refuse(name, "true or false");
  return std::nullopt;
}

std::optional<std::string> fields::text(std::string_view name,
                                        std::initializer_list<std::string_view> accepted) {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (found->is_string()) {
    const std::string_view given(found->get_string().data(), found->get_string().size());
    if (is_among(given, accepted)) return std::string(given);
  }
  std::string names;
  for (const std::string_view each : accepted)
    names.append(names.empty() ? "" : " or ").append("\"").append(each).append("\"");
  refuse(name, names);
  return std::nullopt;
}

std::optional<std::string> fields::text(std::string_view name) {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (found->is_string() && !found->get_string().empty())
    return std::string(found->get_string().data(), found->get_string().size());
  refuse(name, "a text that is not empty");
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> fields::duration(std::string_view name) {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  std::optional<std::chrono::milliseconds> time;
  if (found->is_string()) time = parse_duration({found->get_string().data(), found->get_string().size()});
  if (found->is_int64() && found->get_int64() >= 0) time = parse_duration(std::to_string(found->get_int64()));
  if (!time) refuse(name, R"(a time such as "500ms", "30s" or "5m", or a whole number of seconds)");
  return time;
}

query::query(std::string_view text, std::initializer_list<std::string_view> known) {
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    std::string name = wire::percent_decode(pair.substr(0, equals), wire::plus::is_space);
    const std::string_view value = equals == pair.npos ? "1" : pair.substr(equals + 1);
    if (!is_among(name, known)) {
      complaint_ = error_reply(400, "unknown_parameter", unknown("parameter", name, known));
      return;
    }
    if (this->text(name)) {
      complaint_ = error_reply(400, "invalid_value", name + ": is given twice");
      return;
    }
    given_.emplace_back(std::move(name), wire::percent_decode(value, wire::plus::is_space));
  }
}

std::optional<std::string> query::text(std::string_view name) const {
  for (const auto& [key, value] : given_)
    if (key == name) return value;
  return std::nullopt;
}

bool query::flag(std::string_view name) {
  const auto given = text(name);
  if (!given || *given == "0" || *given == "false") return false;
  if (*given != "1" && *given != "true")
    complaint_ = error_reply(400, "invalid_value", std::string(name) + ": is to be 1 or 0");
  return true;
}

std::optional<std::uint64_t> query::number(std::string_view name, std::uint64_t most) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto parsed = parse_number(*given);
  if (parsed && *parsed <= most) return parsed;
  complaint_ = error_reply(400, "invalid_value",
                           std::string(name) + ": is to be a whole number up to " + std::to_string(most));
  return std::nullopt;
}

}  // namespace cluster::control
