// SPDX-License-Identifier: BSL-1.0
#include "ctl/nearest.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace cluster::ctl {
namespace {

/// Letters to insert, drop or change to turn one word into the other.
std::size_t edits(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, corner + (from[i] == to[j] ? 0U : 1U)});
      corner = above;
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t distance = std::max<std::size_t>(1, word.size() / 2) + 1;
  for (const auto& candidate : known) {
    const std::size_t apart = edits(word, candidate);
    if (apart >= distance) continue;
    distance = apart;
    best = candidate;
  }
  return best;
}

}  // namespace cluster::ctl
