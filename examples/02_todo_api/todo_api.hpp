// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "todo_store.hpp"

#include <cluster/http.hpp>

#include <functional>

namespace todo {

/// Sees every answer before it leaves.
using finisher = std::function<void(cluster::http::response&)>;

/// The routes under /v1/todos. `items` must outlive the router. `finish` may be empty.
void add_routes(cluster::http::router& app, store& items, finisher finish);

}  // namespace todo
