// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The HTTP/1.1 server of a worker: routes, handlers, requests and responses.
#include <cluster/http/access_log.hpp>
#include <cluster/http/cookie.hpp>
#include <cluster/http/events.hpp>
#include <cluster/http/files.hpp>
#include <cluster/http/json.hpp>
#include <cluster/http/multipart.hpp>
#include <cluster/http/options.hpp>
#include <cluster/http/pool.hpp>
#include <cluster/http/request.hpp>
#include <cluster/http/response.hpp>
#include <cluster/http/router.hpp>
#include <cluster/http/server.hpp>
#include <cluster/http/stream.hpp>
#include <cluster/http/websocket.hpp>
#include <cluster/http/websocket_room.hpp>
