// SPDX-License-Identifier: BSL-1.0
#include "unit/run/reading.hpp"

using namespace cluster;
using namespace cluster::test;
using strings = std::vector<std::string>;

TEST_CASE("an empty command line serves with the defaults") {
  clean_environment environment;
  const command result = read({});
  CHECK(result.to_do == what::serve);
  CHECK(result.text.empty());
  CHECK(result.settings.listen == options{}.listen);
  CHECK(result.settings.arguments.empty());
}

TEST_CASE("a repeatable flag collects, any other takes the last") {
  clean_environment environment;
  CHECK(served({"--listen", "1", "--listen=2", "--listen", "unix:/a,b"}).listen ==
        strings{"1", "2", "unix:/a,b"});
  CHECK(served({"--workers", "2", "--workers=9"}).workers == 9);
}

TEST_CASE("several values in the environment are separated by commas") {
  clean_environment environment;
  environment.set("CLUSTER_LISTEN", "1,[::1]:2,unix:/x");
  CHECK(served({}).listen == strings{"1", "[::1]:2", "unix:/x"});
  environment.set("CLUSTER_PID_FILE", "/a,b");  // not repeatable: the comma is part of it
  CHECK(served({}).pid_file == "/a,b");
}

TEST_CASE("a value may be empty, contain equals signs and look like a flag") {
  clean_environment environment;
  CHECK(served({"--pid-file="}).pid_file.empty());
  CHECK(served({"--pid-file=a=b"}).pid_file == "a=b");
  CHECK(served({"--pid-file", "--x"}).pid_file == "--x");
  CHECK(served({"--pid-file", ""}).pid_file.empty());
}

TEST_CASE("workers are a number, two of them or auto") {
  clean_environment environment;
  CHECK(served({"--workers", "1"}).workers == 1);
  CHECK(served({"--workers", "1024"}).workers == 1024);
  options five;
  five.workers = 5;
  CHECK(served({"--workers", "auto"}, five).workers == 0);
  const options range = served({"--workers", "2-8"}, five);
  CHECK(range.workers == 2);
  CHECK(range.max_workers == 8);
  CHECK(served({"--workers", "3"}, range).max_workers == 0);
  CHECK(served({"--workers", "auto"}, range).max_workers == 0);
  CHECK(served({"--workers", "4-4"}).max_workers == 0);
}

TEST_CASE("what follows -- is the program's own and is not looked at") {
  clean_environment environment;
  const options result = served({"--workers", "2", "--", "--workers", "x", "--nonsense", "-h", "--help"});
  CHECK(result.workers == 2);
  CHECK(read({"--", "--check"}).to_do == what::serve);
  CHECK(read({"--"}).to_do == what::serve);
}

TEST_CASE("the workers get the whole command line") {
  clean_environment environment;
  const strings line{"--workers", "2", "--listen=3000", "--", "a", "", "--", "b c"};
  CHECK(served(line).arguments == line);
  options defaults;
  defaults.arguments = {"worker"};  // a program with other plans is left alone
  CHECK(served({"--workers", "2"}, defaults).arguments == strings{"worker"});
}

TEST_CASE("--check validates and does not serve") {
  clean_environment environment;
  const command result = read({"--check", "--workers", "3"});
  CHECK(result.to_do == what::check);
  CHECK(result.settings.workers == 3);
  CHECK(read({"--workers", "3", "--check"}).to_do == what::check);
  CHECK(contains(refused({"--check", "--workers", "x"}), "--workers"));
  CHECK(contains(refused({"--check=yes"}), "--check"));
}

TEST_CASE("flags of features that do not exist are unknown, not ignored") {
  clean_environment environment;
  for (const char* flag : {"--no-such-feature", "--turbo=on"})
    CHECK(contains(refused({flag}), "unknown flag"));
  for (const char* name : {"control", "admin", "schedule", "sticky", "hang-timeout", "max-requests"}) {
    bool exists = false;
    for (const run_detail::setting& one : run_detail::settings()) exists = exists || one.name == name;
    if (!exists) CHECK(contains(refused({"--" + std::string(name), "1"}), "unknown flag"));
  }
}
