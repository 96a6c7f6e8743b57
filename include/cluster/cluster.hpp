// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Everything of the component `cluster`. The HTTP server has its own: <cluster/http.hpp>.
#include <cluster/control_client.hpp>
#include <cluster/control_server.hpp>
#include <cluster/error.hpp>
#include <cluster/event.hpp>
#include <cluster/listener.hpp>
#include <cluster/log.hpp>
#include <cluster/options.hpp>
#include <cluster/output.hpp>
#include <cluster/run.hpp>
#include <cluster/statistics.hpp>
#include <cluster/status.hpp>
#include <cluster/supervisor.hpp>
#include <cluster/types.hpp>
#include <cluster/version.hpp>
#include <cluster/worker.hpp>
