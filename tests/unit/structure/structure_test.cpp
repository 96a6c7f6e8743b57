// SPDX-License-Identifier: BSL-1.0
// The house stays in order: who includes whom, licence lines, lengths, no forgotten source.
#include "rules.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using structure::finding;

namespace {

const fs::path top = CLUSTER_TEST_SOURCE_DIR;

std::string read(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

bool is_source(const fs::path& file) {
  const auto end = file.extension().string();
  return end == ".hpp" || end == ".cpp";
}

/// Regular files below a folder of the tree, relative to its top.
std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> found;
  if (!fs::exists(top / folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(top / folder)) {
    if (entry.is_regular_file()) found.push_back(fs::relative(entry.path(), top).generic_string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void report(const std::vector<finding>& findings) {
  for (const auto& each : findings) FAIL_CHECK(each.text());
}

std::string only(const std::vector<finding>& findings) {
  return findings.size() == 1 ? findings.front().text() : std::to_string(findings.size()) + " findings";
}

}  // namespace

TEST_CASE("modules include only what lies in their direction") {
  std::size_t seen = 0;
  for (const auto* folder : {"src", "include"}) {
    for (const auto& file : files_below(folder)) {
      if (!is_source(file)) continue;
      ++seen;
      report(structure::check_includes(file, read(top / file)));
      report(structure::check_length(file, read(top / file)));
    }
  }
  CHECK(seen > 20);  // an empty scan would pass for the wrong reason
}

TEST_CASE("every source and script carries the licence line") {
  std::vector<std::string> all{"CMakeLists.txt", "conanfile.py", "dev", ".ci/run"};
  for (const auto* folder : {"src", "include", "tests", "examples", "cmake"}) {
    for (auto& file : files_below(folder)) {
      const fs::path path = file;
      const auto end = path.extension();
      if (is_source(path) || end == ".cmake" || end == ".sh" || end == ".py" ||
          path.filename() == "CMakeLists.txt") {
        all.push_back(std::move(file));
      }
    }
  }
  for (const auto& file : all) report(structure::check_licence(file, read(top / file)));
}

TEST_CASE("every source of a module is in its list") {
  for (const auto& file : files_below("src")) {
    const fs::path path = file;
    if (path.extension() != ".cpp") continue;
    const auto list = read(top / path.parent_path() / "CMakeLists.txt");
    if (list.find(path.filename().string()) == list.npos) {
      FAIL_CHECK(file << ":1: not listed in " << (path.parent_path() / "CMakeLists.txt").generic_string());
    }
  }
}

TEST_CASE("a forbidden include is found, with file and line") {
  using structure::check_includes;
  CHECK(only(check_includes("src/policy/x.cpp", "// a\n#include \"os/launch.hpp\"\n")) ==
        "src/policy/x.cpp:2: module policy must not see \"os/launch.hpp\"");
  CHECK(only(check_includes("src/os/x.cpp", "#include \"wire/chars.hpp\"\n")) ==
        "src/os/x.cpp:1: module os must not see \"wire/chars.hpp\"");
  CHECK(only(check_includes("src/run/x.cpp", "#include \"supervisor/impl.hpp\"")) ==
        "src/run/x.cpp:1: module run must not see \"supervisor/impl.hpp\"");
  CHECK(only(check_includes("src/http/x.cpp", "\n\n  # include <cluster/supervisor.hpp>\n")) ==
        "src/http/x.cpp:3: module http must not see <cluster/supervisor.hpp>");
  CHECK(only(check_includes("src/policy/x.hpp", "#include <boost/asio/post.hpp>\n")) ==
        "src/policy/x.hpp:1: module policy must not use <boost/asio/post.hpp>");
  CHECK(only(check_includes("src/policy/x.hpp", "#include <sys/types.h>\n")) ==
        "src/policy/x.hpp:1: module policy must not talk to the system: <sys/types.h>");
  CHECK(only(check_includes("src/ctl/x.cpp", "#include \"os/launch.hpp\"\n")) ==
        "src/ctl/x.cpp:1: module ctl must not see \"os/launch.hpp\"");
  CHECK(only(check_includes("src/odd/x.cpp", "")) == "src/odd/x.cpp:1: no such module in the house: odd");
}

TEST_CASE("a public header that shows too much is found") {
  using structure::check_includes;
  const std::string header = "include/cluster/x.hpp";
  for (const auto* name : {"boost/process/v2/process.hpp", "CLI/CLI.hpp", "boost/json.hpp", "sys/socket.h"}) {
    CHECK(only(check_includes(header, std::string("#include <") + name + ">\n")) ==
          header + ":1: public headers do not include <" + name + ">");
  }
  CHECK(only(check_includes(header, "#include \"os/child.hpp\"\n")) ==
        header + ":1: a public header includes the private \"os/child.hpp\"");
  CHECK(only(check_includes(header, "#include <cluster/http/router.hpp>\n")) ==
        header + ":1: the core does not know its component http: <cluster/http/router.hpp>");
}

TEST_CASE("what is allowed passes") {
  using structure::check_includes;
  CHECK(check_includes("src/supervisor/x.cpp",
                       "#include \"policy/fleet.hpp\"\n#include <cluster/supervisor.hpp>\n#include <vector>\n"
                       "#include <boost/asio/post.hpp>\n")
            .empty());
  CHECK(check_includes("src/policy/x.cpp", "#include <cluster/options.hpp>\n// #include \"os/launch.hpp\"\n")
            .empty());
  CHECK(check_includes("src/os/x.cpp", "#include <boost/process/v2/process.hpp>\n#include <sys/wait.h>\n")
            .empty());
}

TEST_CASE("a missing licence line and an endless file are found") {
  CHECK(only(structure::check_licence("dev", "#!/bin/sh\nexit 0\n")) ==
        "dev:1: no line SPDX-License-Identifier: BSL-1.0 at its top");
  CHECK(structure::check_licence("dev", "#!/bin/sh\n# SPDX-License-Identifier: BSL-1.0\n").empty());
  CHECK(only(structure::check_length("src/os/x.cpp", std::string(401, '\n'))) ==
        "src/os/x.cpp:401: longer than 400 lines, to be split");
}
