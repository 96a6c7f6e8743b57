// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/error.hpp>

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <string>

namespace cluster::os {

inline error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

/// An error code and the words that go with it; they travel together.
struct failure {
  error_code code;
  std::string detail;

  explicit operator bool() const noexcept { return code.failed(); }
};

}  // namespace cluster::os
