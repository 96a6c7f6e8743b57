// SPDX-License-Identifier: BSL-1.0
#include <cluster/http/request.hpp>

#include "http/edge.hpp"
#include "http/exchange.hpp"
#include "http/peer_name.hpp"
#include "http/trust.hpp"
#include "wire/chars.hpp"
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
unsigned request::version() const noexcept { return data_->head.version; }
bool request::keep_alive() const noexcept { return data_->head.keep_alive; }
std::string_view request::body() const noexcept { return data_->body; }
std::span<const field> request::fields() const noexcept { return data_->head.fields; }

std::any& request::connection_state() const noexcept {
  return data_->carrier != nullptr ? data_->carrier->state : data_->own_state;
}

namespace {

std::string peer_of(const exchange& data) {
  const bool named = data.carrier != nullptr && data.carrier->edge && !data.carrier->edge->client.empty();
  return named ? data.carrier->edge->client : peer_name(data.fd);
}

origin origin_of(const exchange& data) noexcept {
  try {
    return data.believed != nullptr ? data.believed->resolve(peer_of(data), data.head)
                                    : origin{peer_of(data), {}, {}};
  } catch (...) {  // no memory: then nothing is known
    return {};
  }
}

}  // namespace

std::string request::remote_address() const { return origin_of(*data_).client; }

std::string_view request::host() const noexcept {
  if (data_->believed == nullptr) return data_->head.host;
  const std::string_view told = origin_of(*data_).host;
  return told.empty() ? data_->head.host : told;
}

bool request::is_secure() const noexcept {
  const belongings* const own = data_->carrier;
  if (own != nullptr && (own->sealed() || (own->edge && own->edge->client_secure))) return true;
  return data_->believed != nullptr && wire::equals_lower(origin_of(*data_).scheme, "https");
}

std::string_view request::scheme() const noexcept { return is_secure() ? "https" : "http"; }

std::string request::client_subject() const {
  const belongings* const own = data_->carrier;
  return own != nullptr && own->sealed() ? own->edge->tls->client_subject() : std::string();
}

std::any& request::attachment() const noexcept { return data_->attachment; }

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

namespace {

std::string_view decoded(exchange& data, std::optional<std::string_view> value) {
  if (!value) return {};
  if (!wire::needs_decoding(*value, wire::plus::is_space)) return *value;
  return data.decoded.emplace_front(wire::percent_decode(*value, wire::plus::is_space));
}

std::string_view media_type(const exchange& data) noexcept {
  const std::string_view value = data.head.find("content-type");
  return wire::trim(value.substr(0, value.find(';')));
}

// What lies in the content of forms is written as queries are.
std::string_view form_of(const exchange& data) noexcept {
  const bool is_form = wire::equals_lower(media_type(data), "application/x-www-form-urlencoded");
  return is_form ? data.body : std::string_view{};
}

}  // namespace

std::string_view request::query(std::string_view name) const {
  return decoded(*data_, find_in_query(data_->head.query, name));
}

std::string request::content_type() const {
  std::string type(media_type(*data_));
  for (char& c : type) c = wire::to_lower(c);
  return type;
}

std::string_view request::form(std::string_view name) const {
  return decoded(*data_, find_in_query(form_of(*data_), name));
}

bool request::has_form(std::string_view name) const {
  return find_in_query(form_of(*data_), name).has_value();
}

std::string_view request::cookie(std::string_view name) const noexcept {
  for (const auto& [field_name, value] : data_->head.fields) {
    if (!wire::equals_lower(field_name, "cookie")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t end = rest.find(';');
      const std::string_view pair = wire::trim(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
      std::string_view found = pair.substr(equals + 1);
      if (found.size() >= 2 && found.front() == '"' && found.back() == '"')
        found = found.substr(1, found.size() - 2);
      return found;
    }
  }
  return {};
}

bool request::has_query(std::string_view name) const {
  return find_in_query(data_->head.query, name).has_value();
}

}  // namespace cluster::http
