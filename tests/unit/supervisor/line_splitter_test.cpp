// SPDX-License-Identifier: BSL-1.0
#include "supervisor/line_splitter.hpp"

#include "support/catch.hpp"

#include <string>
#include <vector>

using cluster::line_splitter;

namespace {

std::vector<std::string> split(const std::string& text, std::size_t piece) {
  line_splitter lines;
  std::vector<std::string> all;
  const auto take = [&](std::string_view line) { all.emplace_back(line); };
  for (std::size_t at = 0; at < text.size(); at += piece)
    lines.feed(std::string_view(text).substr(at, piece), take);
  lines.finish(take);
  return all;
}

}  // namespace

TEST_CASE("lines come out whole, whatever the pieces they came in", "[output]") {
  const std::string text = "one\n\ntwo three\n" + std::string(300, 'x') + "\nlast without an end";
  const std::vector<std::string> wanted{"one", "", "two three", std::string(300, 'x'), "last without an end"};
  for (std::size_t piece = 1; piece <= text.size(); ++piece) CHECK(split(text, piece) == wanted);
}

TEST_CASE("a line without end costs no more than the limit, and loses nothing", "[output]") {
  const std::string text = std::string(3 * line_splitter::longest + 17, 'y') + "\nz\n";
  for (const std::size_t piece : {1u, 1000u, 8191u, 8192u, 8193u, 100000u}) {
    INFO(piece);
    const auto all = split(text, piece);
    REQUIRE(all.size() >= 2);
    CHECK(all.back() == "z");
    std::string together;
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
      CHECK(all[i].size() <= line_splitter::longest);
      together += all[i];
    }
    CHECK(together == text.substr(0, text.size() - 3));
  }
}

TEST_CASE("a line of exactly the limit is one line", "[output]") {
  const std::string full(line_splitter::longest, 'w');
  for (const std::size_t piece : {1u, 4096u, 8192u, 8193u}) {
    const auto all = split(full + "\nv\n", piece);
    CHECK(all.size() == 2);
    CHECK(all.front().size() == full.size());
    CHECK(all.back() == "v");
  }
}
