// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ctl/table.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace cluster::ctl {

struct look {
  std::size_t width = 80;
  bool colours = false;
  double now = 0;                    ///< seconds since 1970: for ages
  std::vector<std::string> columns;  ///< chosen by the user; empty: by width
};

/// The columns that `list` knows.
const std::vector<column>& list_columns();
/// The name that is not one of them, with the nearest one; empty if all are.
std::string wrong_column(const std::vector<std::string>& chosen);

/// The header, the reload under way, and the table; the rows of the workers come last.
std::vector<screen_line> list_lines(const boost::json::value& status, const look& how);
/// The same as text.
std::string list_text(const boost::json::value& status, const look& how);
/// One worker in full; empty if there is none of that id.
std::string describe_text(const boost::json::value& status, std::uint64_t id, const look& how);
/// How one worker ended, in words: "SIGSEGV, core dumped", "exit code 3".
std::string exit_words(const boost::json::value& exit);

}  // namespace cluster::ctl
