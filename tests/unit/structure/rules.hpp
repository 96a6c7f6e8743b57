// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace structure {

/// One place where the house is out of order, as "file:line: what".
struct finding {
  std::string file;
  std::size_t line = 0;
  std::string what;

  std::string text() const { return file + ":" + std::to_string(line) + ": " + what; }
};

/// Checks the include lines of one file. The path is relative to the top of the tree and decides what
/// the file may see: "src/<module>/..." or "include/cluster/...".
std::vector<finding> check_includes(std::string_view path, std::string_view content);

/// The licence line within the first three lines.
std::vector<finding> check_licence(std::string_view path, std::string_view content);

/// A file that has grown too long to be read in one go.
std::vector<finding> check_length(std::string_view path, std::string_view content);

}  // namespace structure
