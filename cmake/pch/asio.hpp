// SPDX-License-Identifier: BSL-1.0
// What nearly every source that does I/O includes. A convenience for the compiler only: sources still
// include what they use, since the build without precompiled headers must pass too.
#include <boost/asio.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>
