// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace cluster {

/// Cuts what a worker writes into lines. What has no end yet is kept, up to a limit; a longer line is given
/// in several.
class line_splitter {
 public:
  static constexpr std::size_t longest = 8 * 1024;

  /// Calls `take(line)` for each complete line, without its end.
  template <class Function>
  void feed(std::string_view piece, const Function& take) {
    while (!piece.empty()) {
      // The end of a line that was given already because it was full.
      if (std::exchange(full_, false) && piece.front() == '\n') {
        piece.remove_prefix(1);
        continue;
      }
      const std::size_t end = piece.find('\n');
      const std::string_view part = piece.substr(0, std::min(end, longest - held_.size()));
      const bool complete = part.size() == end;
      piece.remove_prefix(part.size() + (complete ? 1 : 0));
      full_ = !complete && held_.size() + part.size() == longest;
      if (!complete && !full_) {
        held_ += part;
      } else if (held_.empty()) {
        take(part);
      } else {
        held_ += part;
        take(std::string_view(held_));
        held_.clear();
      }
    }
  }

  /// The end of the stream: what is left is a line.
  template <class Function>
  void finish(const Function& take) {
    if (!held_.empty()) take(std::string_view(held_));
    held_.clear();
    held_.shrink_to_fit();
  }

 private:
  std::string held_;
  bool full_ = false;  ///< the last line given was cut for its length
};

}  // namespace cluster
