// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"
#include "os/unique_fd.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace cluster::os {

/// A pipe, close-on-exec, whose reading end does not block.
failure make_output_pipe(unique_fd& from, unique_fd& to);

/// Opens `path` for appending and puts it in the place of standard output and error; with `error_path` errors
/// go there, and an empty `path` leaves standard output alone. Called again after a file was moved away, it
/// makes a new one.
failure redirect_output(const std::string& path, const std::string& error_path = {});

/// Writes to one of the standard streams without ever waiting for whoever reads it, and without changing
/// the stream for other processes that share it.
class unblocked_output {
 public:
  /// `number` is 1 or 2.
  explicit unblocked_output(int number);

  /// How many octets were taken, less than all if there is no room now. Nobody there to read counts as
  /// taken: there is nobody to miss it.
  std::size_t write(std::string_view text) noexcept;

 private:
  enum class kind { plain, socket, polled };

  int number_;
  unique_fd own_;  ///< a description of our own of the same pipe or terminal, which does not block
  kind kind_ = kind::plain;
};

}  // namespace cluster::os
