// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire/request_head.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace cluster::control {

/// Everything that can be asked for.
enum class operation : std::uint8_t {
  status,
  reload,
  abort_reload,
  scale,
  stop,
  upgrade,
  restart_worker,
  pause_worker,
  resume_worker,
  end_worker,
  add_listener,
  remove_listener,
  events,
  logs,
  metrics,
  health,
  readiness
};

struct route {
  wire::verb method;
  std::string_view path;  ///< `{id}` stands for one number, `{name}` for one name
  operation what;
  bool changes;  ///< not on a listener that only shows
};

/// The whole interface in one table; docs/reference/openapi.json is held against it.
std::span<const route> routes();

struct routed {
  const route* to = nullptr;      ///< null: see status
  std::uint64_t id = 0;           ///< the number in the path
  std::string_view name;          ///< the name in the path, as it stands there
  unsigned status = 404;          ///< 404 or 405
  std::string_view allowed[3]{};  ///< 405: the methods that there are
};

/// Finds the route of a request. HEAD is taken where GET is. With `read_only` the others do not exist.
routed find_route(wire::verb method, std::string_view path, bool read_only);

}  // namespace cluster::control
