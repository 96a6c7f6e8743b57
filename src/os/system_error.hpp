// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/error.hpp>

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <string>
#include <utility>

namespace cluster::os {

inline error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

/// An error code and the words that go with it; they travel together.
struct failure {
  error_code code;
  std::string detail;

  explicit operator bool() const noexcept { return code.failed(); }
};

/// What fails because an option cannot be what it is; `why` names the option.
inline failure refused_option(std::string why) {
  return {make_error_code(error::invalid_options), std::move(why)};
}

/// What fails because of a file; `option` names who asked for it.
inline failure failed_at(const std::string& option, const std::string& path, const error_code& ec) {
  return {ec, option + ": " + path + ": " + ec.message()};
}

}  // namespace cluster::os
