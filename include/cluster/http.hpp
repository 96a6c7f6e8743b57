// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Everything of the component `http` in one include.
#include <cluster/http/http.hpp>
