// SPDX-License-Identifier: BSL-1.0
#include "control/routes.hpp"

#include "common/text.hpp"

#include <algorithm>
#include <optional>

namespace cluster::control {
namespace {

using wire::verb;

constexpr route table[] = {
    {verb::get, "/v1/status", operation::status, false},
    {verb::post, "/v1/reload", operation::reload, true},
    {verb::post, "/v1/reload/abort", operation::abort_reload, true},
    {verb::post, "/v1/scale", operation::scale, true},
    {verb::post, "/v1/stop", operation::stop, true},
    {verb::post, "/v1/upgrade", operation::upgrade, true},
    {verb::post, "/v1/workers/{id}/restart", operation::restart_worker, true},
    {verb::post, "/v1/workers/{id}/pause", operation::pause_worker, true},
    {verb::post, "/v1/workers/{id}/resume", operation::resume_worker, true},
    {verb::delete_, "/v1/workers/{id}", operation::end_worker, true},
    {verb::post, "/v1/listeners", operation::add_listener, true},
    {verb::delete_, "/v1/listeners/{name}", operation::remove_listener, true},
    {verb::get, "/v1/events", operation::events, false},
    {verb::get, "/v1/logs", operation::logs, false},
    {verb::get, "/metrics", operation::metrics, false},
    {verb::get, "/healthz", operation::health, false},
    {verb::get, "/readyz", operation::readiness, false},
};

// Probes and scrapers reach it over TCP; what tells more than they need stays on the socket file.
bool shown_to_everyone(operation what) {
  return what == operation::metrics || what == operation::health || what == operation::readiness;
}

bool fits(std::string_view pattern, std::string_view path, routed& found) {
  const auto brace = pattern.find('{');
  if (brace == pattern.npos) return pattern == path;
  if (!path.starts_with(pattern.substr(0, brace))) return false;
  const std::string_view rest = pattern.substr(pattern.find('}') + 1);
  path.remove_prefix(brace);
  if (!path.ends_with(rest)) return false;
  const std::string_view part = path.substr(0, path.size() - rest.size());
  if (pattern.substr(brace).starts_with("{name}")) {
    found.name = part;
    return !part.empty() && part.find('/') == part.npos;
  }
  const auto number = parse_number(part);
  found.id = number.value_or(0);
  return number.has_value();
}

std::string_view name_of(verb method) {
  const auto text = boost::beast::http::to_string(method);
  return {text.data(), text.size()};
}

}  // namespace

std::span<const route> routes() { return table; }

routed find_route(verb method, std::string_view path, bool read_only) {
  routed result;
  std::size_t count = 0;
  for (const route& each : table) {
    if (read_only && !shown_to_everyone(each.what)) continue;
    if (!fits(each.path, path, result)) continue;
    if (each.method == method || (method == verb::head && each.method == verb::get)) {
      result.to = &each;
      return result;
    }
    result.status = 405;
    if (count < std::size(result.allowed)) result.allowed[count++] = name_of(each.method);
  }
  return result;
}

}  // namespace cluster::control
