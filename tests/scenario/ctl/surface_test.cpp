// SPDX-License-Identifier: BSL-1.0
// Help, completion and manual page speak of the same verbs and options.
#include "support/catch.hpp"
#include "support/program.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace cluster::test;

namespace {

std::string help_of(std::vector<std::string> arguments) {
  arguments.emplace_back("--help");
  program run({CLUSTER_TEST_BINARY_DIR "/clusterctl", std::move(arguments), {}, {}});
  CHECK(run.wait_exit().code == 0);
  return run.output();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

/// Words that begin with two dashes.
std::set<std::string> options_in(const std::string& text) {
  constexpr const char* letters = "abcdefghijklmnopqrstuvwxyz-";
  std::set<std::string> found;
  for (std::size_t at = 0; (at = text.find("--", at)) != text.npos;) {
    const std::size_t end = std::min(text.find_first_not_of(letters, at), text.size());
    if (end > at + 2) found.insert(text.substr(at, end - at));
    at = end;
  }
  return found;
}

/// The verbs, by the first screen; some share a line.
std::vector<std::string> verbs() {
  std::vector<std::string> all;
  for (const std::string& line : lines_of(help_of({}))) {
    if (!line.starts_with("  ") || line[2] == ' ' || line[2] == '-') continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      const bool more = word.ends_with(',');
      all.push_back(word.substr(0, word.size() - (more ? 1 : 0)));
      if (!more) break;
    }
  }
  return all;
}

/// Those of the verb itself; the lines of its help that begin with one.
std::set<std::string> options_of(const std::string& verb) {
  std::set<std::string> own;
  for (const std::string& line : lines_of(help_of({verb}))) {
    const auto first = line.find_first_not_of(' ');
    if (first == line.npos || first == 0 || line[first] != '-') continue;
    const auto words = options_in(line.substr(0, line.find("  ", first)));
    own.insert(words.begin(), words.end());
  }
  own.erase("--help");
  return own;
}

std::string file(const std::string& path) {
  std::ifstream in(CLUSTER_TEST_SOURCE_DIR + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// As a shell reads them: all backslashes gone.
std::string manual() {
  std::string text = file("/docs/reference/clusterctl.1");
  std::erase(text, '\\');
  return text;
}

std::set<std::string> bash_options(const std::string& verb) {
  const std::string script =
      std::string(". " CLUSTER_TEST_SOURCE_DIR "/src/ctl/completion/clusterctl.bash; ") +
      "COMP_WORDS=(clusterctl " + verb + " --); COMP_CWORD=2; _clusterctl; echo " + "\"${COMPREPLY[@]}\"";
  program bash({"/bin/bash", {"-c", script}, {}, {}});
  bash.wait_exit();
  auto found = options_in(bash.output());
  for (const char* common : {"--help", "--socket", "--name"}) found.erase(common);
  return found;
}

/// The line of the case statement that is about this verb.
std::set<std::string> zsh_options(const std::string& verb) {
  static const std::string text = file("/src/ctl/completion/_clusterctl");
  std::set<std::string> found;
  for (const std::string& line : lines_of(text)) {
    const auto close = line.find(')');
    const auto first = line.find_first_not_of(' ');
    if (close == line.npos || first == line.npos || line.find("_arguments") == line.npos) continue;
    std::istringstream names(line.substr(first, close - first));
    for (std::string name; std::getline(names, name, '|');) {
      if (name != verb) continue;
      found = options_in(line.substr(close));
      if (line.find("$wait_options") != line.npos) found.insert({"--json", "--wait", "--timeout"});
    }
  }
  return found;
}

/// `-n '__fish_seen_subcommand_from a b' ... -l option`
std::set<std::string> fish_options(const std::string& verb) {
  static const std::string text = file("/src/ctl/completion/clusterctl.fish");
  const std::string seen = "'__fish_seen_subcommand_from ";
  std::set<std::string> found;
  for (const std::string& line : lines_of(text)) {
    const auto at = line.find(seen);
    const auto option = line.find(" -l ");
    if (at == line.npos || option == line.npos) continue;
    std::istringstream names(line.substr(at + seen.size(), line.find('\'', at + 1) - at - seen.size()));
    for (std::string name; names >> name;)
      if (name == verb) found.insert("--" + line.substr(option + 4, line.find(' ', option + 4) - option - 4));
  }
  return found;
}

}  // namespace

TEST_CASE("the first screen fits one, and knows every verb", "[ctl]") {
  const auto lines = lines_of(help_of({}));
  CHECK(lines.size() <= 24);
  for (const std::string& line : lines) {
    INFO(line);
    CHECK(line.size() <= 80);
  }
  const auto all = verbs();
  CHECK(all.size() == 25);
  for (const char* verb : {"list", "run", "pause", "resume", "ping", "pid", "kill"})
    CHECK(std::find(all.begin(), all.end(), verb) != all.end());
}

TEST_CASE("completion knows every option of every verb and no other, and so does the manual", "[ctl]") {
  const std::string page = manual();
  for (const std::string& verb : verbs()) {
    INFO(verb);
    const auto own = options_of(verb);
    CHECK(bash_options(verb) == own);
    CHECK(zsh_options(verb) == own);
    CHECK(fish_options(verb) == own);
    CHECK(page.find(verb) != page.npos);
    for (const std::string& option : own) {
      INFO(option);
      CHECK(page.find(option) != page.npos);
    }
    for (const char* path : {"/src/ctl/completion/_clusterctl", "/src/ctl/completion/clusterctl.fish"})
      CHECK(file(path).find(verb) != std::string::npos);
  }
}

TEST_CASE("fish and zsh take their files, and fish completes by its own", "[ctl]") {
  const std::string folder = CLUSTER_TEST_SOURCE_DIR "/src/ctl/completion/";
  const bool fish = std::system("command -v fish >/dev/null 2>&1") == 0;
  const bool zsh = std::system("command -v zsh >/dev/null 2>&1") == 0;
  if (fish) {
    program run({"/usr/bin/env",
                 {"fish", "-c",
                  "source " + folder +
                      "clusterctl.fish; complete -C'clusterctl re'; complete -C'clusterctl logs --s'"},
                 {},
                 {}});
    CHECK(run.wait_exit().code == 0);
    INFO(run.output());
    for (const char* word : {"reload\t", "restart\t", "resume\t", "--since", "--slot"})
      CHECK(run.output().find(word) != std::string::npos);
  }
  if (zsh) CHECK(std::system(("zsh -n " + folder + "_clusterctl").c_str()) == 0);
  if (!fish || !zsh) skipped("fish or zsh is not installed");
}
