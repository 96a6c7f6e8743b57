// SPDX-License-Identifier: BSL-1.0
#include <cluster/http/response.hpp>

#include "wire/chars.hpp"
#include "wire/response_writer.hpp"

#include <stdexcept>

namespace cluster::http {
namespace {

constexpr std::string_view plain_text = "text/plain; charset=utf-8";
constexpr std::string_view html_text = "text/html; charset=utf-8";
constexpr std::string_view json_text = "application/json";

unsigned checked(unsigned status) {
  if (status < 200 || status > 599)
    throw std::invalid_argument("response: the status has to be in 200..599, not " + std::to_string(status));
  return status;
}

}  // namespace

response::response(unsigned status) : status_(checked(status)) {}

response::response(unsigned status, std::string_view content_type, std::string&& content)
    : status_(checked(status)), content_type_(content_type), body_(std::move(content)) {}

response::response(unsigned status, std::string_view content_type,
                   std::shared_ptr<const std::string>&& content)
    : status_(checked(status)), content_type_(content_type), shared_(std::move(content)) {}

response& response::status(unsigned code) & {
  status_ = checked(code);
  return *this;
}

// Returns false for a field that is not stored as such.
bool response::check(std::string_view name, std::string_view value) {
  if (!wire::valid_field_name(name)) throw std::invalid_argument("response: bad field name");
  if (!wire::valid_field_value(value))
    throw std::invalid_argument("response: bad value for the field " + std::string(name));
  if (wire::equals_lower(name, "content-length") || wire::equals_lower(name, "transfer-encoding"))
    throw std::invalid_argument("response: " + std::string(name) + " is made by the server");
  if (wire::equals_lower(name, "connection")) {
    if (!wire::equals_lower(wire::trim(value), "close"))
      throw std::invalid_argument("response: Connection is made by the server");
    close_ = true;
    return false;
  }
  if (wire::equals_lower(name, "date")) has_date_ = true;
  if (wire::equals_lower(name, "content-type")) content_type_ = {};
  return true;
}

response& response::set(std::string_view name, std::string_view value) & {
  if (!check(name, value)) return *this;
  if (!lines_.empty()) wire::erase_field(lines_, name);
  wire::append_field(lines_, name, value);
  return *this;
}

response& response::add(std::string_view name, std::string_view value) & {
  if (check(name, value)) wire::append_field(lines_, name, value);
  return *this;
}

response& response::upgrade_to(std::string_view protocol) & {
  set("Upgrade", protocol);
  wire::append_field(lines_, "Connection", "upgrade");
  return *this;
}

response& response::erase(std::string_view name) {
  wire::erase_field(lines_, name);
  if (wire::equals_lower(name, "date")) has_date_ = false;
  if (wire::equals_lower(name, "content-type")) content_type_ = {};
  return *this;
}

std::string_view response::field(std::string_view name) const noexcept {
  if (!content_type_.empty() && wire::equals_lower(name, "content-type")) return content_type_;
  return wire::find_field(lines_, name);
}

response text(std::string content, unsigned status) { return {status, plain_text, std::move(content)}; }
response html(std::string content, unsigned status) { return {status, html_text, std::move(content)}; }
response json(std::string content, unsigned status) { return {status, json_text, std::move(content)}; }
response text(std::shared_ptr<const std::string> content, unsigned status) {
  return {status, plain_text, std::move(content)};
}
response html(std::shared_ptr<const std::string> content, unsigned status) {
  return {status, html_text, std::move(content)};
}
response json(std::shared_ptr<const std::string> content, unsigned status) {
  return {status, json_text, std::move(content)};
}

response status(unsigned code) {
  if (code < 400) return response(code);
  const std::string_view phrase = wire::reason_phrase(code);
  std::string content = phrase.empty() ? std::to_string(code) : std::string(phrase);
  content += '\n';
  return text(std::move(content), code);
}

response redirect(std::string_view location, unsigned status) {
  return response(status).set("Location", location);
}

}  // namespace cluster::http
