// SPDX-License-Identifier: BSL-1.0
#include <cluster/http/request.hpp>

#include "http/exchange.hpp"
#include "wire/percent.hpp"

#include <optional>

namespace cluster::http {
namespace {

// The undecoded value of a name in a query, which is split at '&' before anything is decoded.
std::optional<std::string_view> find_in_query(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const std::size_t equals = pair.find('=');
    const std::string_view key = pair.substr(0, equals);
    const bool same = wire::needs_decoding(key, wire::plus::is_space)
                          ? wire::percent_decode(key, wire::plus::is_space) == name
                          : key == name;
    if (same) return equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
  }
  return std::nullopt;
}

}  // namespace

verb request::method() const noexcept { return data_->head.method; }
std::string_view request::method_string() const noexcept { return data_->head.method_text; }
std::string_view request::target() const noexcept { return data_->head.target; }
std::string_view request::path() const noexcept { return data_->head.path; }
std::string_view request::query() const noexcept { return data_->head.query; }
std::string_view request::host() const noexcept { return data_->head.host; }
unsigned request::version() const noexcept { return data_->head.version; }
bool request::keep_alive() const noexcept { return data_->head.keep_alive; }
std::string_view request::body() const noexcept { return data_->body; }
std::span<const field> request::fields() const noexcept { return data_->head.fields; }

std::any& request::connection_state() const noexcept {
  return data_->connection_state != nullptr ? *data_->connection_state : data_->own_state;
}

std::string_view request::field(std::string_view name) const noexcept { return data_->head.find(name); }

bool request::has_field(std::string_view name) const noexcept {
  return data_->head.find(name).data() != nullptr;
}

std::string_view request::param(std::string_view name) const {
  for (std::size_t i = 0; i < data_->params.count; ++i) {
    auto& [key, value] = data_->params.list[i];
    if (key != name) continue;
    const auto raw_end = data_->head.path.data() + data_->head.path.size();
    const bool raw = value.data() >= data_->head.path.data() && value.data() <= raw_end;
    if (raw && wire::needs_decoding(value, wire::plus::as_is))
      value = data_->decoded.emplace_front(wire::percent_decode(value, wire::plus::as_is));
    return value;
  }
  return {};
}

std::string_view request::query(std::string_view name) const {
  const auto value = find_in_query(data_->head.query, name);
  if (!value) return {};
  if (!wire::needs_decoding(*value, wire::plus::is_space)) return *value;
  return data_->decoded.emplace_front(wire::percent_decode(*value, wire::plus::is_space));
}

bool request::has_query(std::string_view name) const {
  return find_in_query(data_->head.query, name).has_value();
}

}  // namespace cluster::http
