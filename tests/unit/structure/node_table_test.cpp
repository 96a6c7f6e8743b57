// SPDX-License-Identifier: BSL-1.0
// The guide for those who come from Node says of each thing which test shows it.
#include "support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

TEST_CASE("each row of the table names its tests, and they are there") {
  const std::string root = CLUSTER_TEST_SOURCE_DIR;
  std::ifstream file(root + "/docs/guide/node.md");
  // "| Node | as is | words (unit/os listen_tcp, scenario/tls tls) |"
  static const std::regex row(R"(\| (.*) \| (as is|other|beyond|not) \| .*?(?:\(([^()]*)\))? \|)");
  int rows = 0;
  for (std::string line; std::getline(file, line);) {
    std::smatch found;
    if (!std::regex_match(line, found, row)) continue;
    ++rows;
    INFO(line);
    if (found[2] == "not") continue;
    std::istringstream words(found[3].str().substr(found[3].str().rfind(';') + 1));
    std::string folder;
    int tests = 0;
    for (std::string word; words >> word;) {
      if (word.ends_with(',')) word.pop_back();
      if (word.find('/') != word.npos) {
        folder = word;
        continue;
      }
      ++tests;
      CHECK(std::filesystem::exists(root + "/tests/" + folder + "/" + word + "_test.cpp"));
    }
    CHECK(tests > 0);
  }
  CHECK(rows > 60);
}
