// SPDX-License-Identifier: BSL-1.0
#include "ctl/process_file.hpp"

#include "ctl/supervise.hpp"
#include "support/catch.hpp"
#include "support/schema.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

using namespace cluster::ctl;
using namespace std::chrono_literals;

namespace {

process_file of(const std::string& app) {
  return parse_process_file(R"({"apps":[)" + app + "]}", "/srv/shop/apps.json");
}
/// One more key in an app that is fine otherwise.
process_file with(const std::string& member) { return of(R"({"script":"a",)" + member + "}"); }
std::string mistake(const std::string& member) {
  const auto file = with(member);
  return file.mistakes.empty() ? "" : file.mistakes.front();
}

boost::json::value schema() {
  std::ifstream file(CLUSTER_TEST_SOURCE_DIR "/docs/reference/process-file.schema.json");
  return boost::json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
}

const std::string everything =
    R"({"name":"api","script":"server.js","args":"--one 'two three' four","cwd":"web",
  "interpreter":"node","interpreter_args":["--trace"],"env":{"PORT":3000,"A":"b","C":true},
  "listen":["0.0.0.0:80",8080],"instances":"max","exec_mode":"cluster","built_on_cluster":false,
  "max_memory_restart":"300M","wait_ready":true,"listen_timeout":3000,"kill_timeout":"5s","max_restarts":10,
  "min_uptime":"1m","exp_backoff_restart_delay":100,"stop_exit_codes":[0,3],"out_file":"o","error_file":"e",
  "uid":"www","gid":33,"watch":["src"]})";

}  // namespace

TEST_CASE("every key is taken in", "[apps]") {
  const auto file = of(everything);
  CHECK(file.mistakes.empty());
  REQUIRE(file.apps.size() == 1);
  const app& one = file.apps[0];
  CHECK(one.name == "api");
  CHECK(one.cwd == "/srv/shop/web");
  CHECK(one.args == std::vector<std::string>{"--one", "two three", "four"});
  CHECK(one.interpreter_args == std::vector<std::string>{"--trace"});
  CHECK(one.env.size() == 3);
  CHECK(one.listen == std::vector<std::string>{"0.0.0.0:80", "8080"});
  CHECK(one.instances->below_cpus);
  CHECK(one.shared == true);
  CHECK(one.max_memory == 300U * 1024 * 1024);
  CHECK(one.listen_timeout == 3000ms);
  CHECK(one.kill_timeout == 5s);
  CHECK(one.min_uptime == 1min);
  CHECK(one.backoff == 100ms);
  CHECK(one.stop_exit_codes == std::vector<int>{0, 3});
  CHECK(one.user == "www");
  CHECK(one.group == "33");
  CHECK(one.watch_paths == std::vector<std::string>{"src"});
  CHECK(log_file_of(one) == "/srv/shop/web/o");
  CHECK(error_file_of(one) == "/srv/shop/web/e");
}

TEST_CASE("what is not said has its default", "[apps]") {
  const auto file = of(R"({"script":"bin/worker.py"})");
  REQUIRE(file.mistakes.empty());
  const app& one = file.apps[0];
  CHECK(one.name == "worker");
  CHECK(one.cwd == "/srv/shop");
  CHECK_FALSE(one.instances);
  CHECK_FALSE(one.shared);
  CHECK(log_file_of(one).empty());
}

TEST_CASE("instances: a number, max, zero and less than the CPUs", "[apps]") {
  const auto on = [](const std::string& text, std::size_t cpus) {
    return with("\"instances\":" + text).apps[0].instances->on(cpus);
  };
  CHECK(on("4", 2) == 4);
  CHECK(on("\"4\"", 2) == 4);
  CHECK(on("\"max\"", 8) == 8);
  CHECK(on("0", 8) == 8);
  CHECK(on("-1", 8) == 7);
  CHECK(on("-9", 8) == 1);
  CHECK(on("\"max\"", 4096) == 1024);
  for (const char* bad : {"1025", "-1024", "1.5", "\"many\"", "true", "null"})
    CHECK_FALSE(mistake(std::string("\"instances\":") + bad).empty());
}

TEST_CASE("a mistake is one line: where, what, and what would be right", "[apps]") {
  CHECK(mistake(R"("instnces":4)") ==
        "/srv/shop/apps.json: apps[0].instnces: is not known; did you mean 'instances'?");
  CHECK(mistake(R"("exec_mode":"clustr")") ==
        "/srv/shop/apps.json: apps[0].exec_mode: \"clustr\" is not \"cluster\" (instances share the port) or "
        "\"fork\"");
  CHECK(mistake(R"("cron_restart":"0 0 * * *")").find("clusterctl reload NAME") != std::string::npos);
  CHECK(mistake(R"("exec_mode":"fork","listen":3000)").find("apps[0].listen: with exec_mode fork") !=
        std::string::npos);
  CHECK(parse_process_file("{\n\"apps\": [\n{,}]}", "x.json").mistakes.front().find("x.json: line 3: ") == 0);
  CHECK(parse_process_file("[]", "x.json").mistakes.front().find("x.json: is to be an object") == 0);
  CHECK(parse_process_file(R"({"apps":[]})", "x.json").mistakes.size() == 1);
  CHECK(of(R"({"name":"a"})").mistakes.front().find("apps[0].script: is missing") != std::string::npos);
  CHECK(of("7").mistakes.size() == 1);
  CHECK(of(R"({"script":"a"},{"script":"b/a"})").mistakes.front().find("'a' is the name of another app") !=
        std::string::npos);
  CHECK(with(R"("a":1,"b":2,"instances":"x")").mistakes.size() == 3);
  CHECK(read_process_file("/nowhere/at.json").mistakes.front().find("/nowhere/at.json: ") == 0);
  CHECK(read_process_file("/tmp").mistakes.front() == "/tmp: is a folder");
}

TEST_CASE("words are split at spaces that are not quoted", "[apps]") {
  CHECK(split_words("  a  'b c' d\"e f\"g '' ") == std::vector<std::string>{"a", "b c", "de fg", ""});
  CHECK(split_words("").empty());
}

TEST_CASE("the schema for editors and the parser know the same keys and say yes and no alike", "[apps]") {
  const auto root = schema();
  std::set<std::string> in_schema;
  const auto& item = root.at("properties").at("apps").at("items");
  for (const auto& each : item.at("properties").as_object()) in_schema.insert(std::string(each.key()));
  std::set<std::string> in_parser;
  for (const app_key& each : app_keys()) in_parser.insert(std::string(each.name));
  CHECK(in_schema == in_parser);

  const cluster::test::schemas held(boost::json::object{{"components", {{"schemas", {{"file", root}}}}}});
  const auto right = [&](const std::string& text) {
    return held.check("file", boost::json::parse(text)).empty();
  };
  const std::string full = R"({"$schema":"s","apps":[)" + everything + "]}";
  CHECK(right(full));
  CHECK(parse_process_file(full, "/x").mistakes.empty());
  // A value of each type that JSON has, for every key: both take it, or neither does.
  const char* values[] = {"1048576", "1.5", "true",          "\"fork\"", "\"7\"",
                          "[\"x\"]", "[1]", "{\"x\":\"y\"}", "null",     "[true]"};
  for (const std::string& key : in_parser) {
    if (key == "script") continue;
    for (const char* value : values) {
      const std::string text = R"({"apps":[{"script":"a",")" + key + "\":" + value + "}]}";
      const bool taken = parse_process_file(text, "/x").mistakes.empty();
      INFO(text);
      // Ranges and patterns are more than types: there the parser may be the stricter one.
      if (taken) CHECK(right(text));
      if (!right(text)) CHECK_FALSE(taken);
    }
  }
  CHECK_FALSE(right(R"({"apps":[{"script":"a","instnces":4}]})"));
}

TEST_CASE("a program with a supervisor of its own is told by its environment", "[apps]") {
  const auto file =
      of(R"({"name":"api","script":"a","instances":0,"listen":[80,"unix:/s"],"kill_timeout":1500,
    "max_memory_restart":"64M","exp_backoff_restart_delay":"20s","env":{"X":1},"uid":"www"})");
  const auto all = environment_of(file.apps[0]);
  const auto value = [&](const std::string& name) {
    const auto found = std::ranges::find_if(all, [&](const auto& each) { return each.first == name; });
    return found == all.end() ? "(none)" : found->second;
  };
  CHECK(value("CLUSTER_WORKERS") == "auto");
  CHECK(value("CLUSTER_LISTEN") == "80,unix:/s");
  CHECK(value("CLUSTER_DRAIN_TIMEOUT") == "1500ms");
  CHECK(value("CLUSTER_MAX_RSS") == "67108864");
  CHECK(value("CLUSTER_RESTART_MAX_DELAY") == "20000ms");
  CHECK(value("CLUSTER_RENDEZVOUS") == "(none)");  // workers of another user could not reach it
  CHECK(value("X") == "1");
}

TEST_CASE("programs are found, and told apart by what is in them", "[apps]") {
  CHECK_FALSE(looks_built_on_cluster("/bin/sh"));
  CHECK_FALSE(
      looks_built_on_cluster(CLUSTER_TEST_SOURCE_DIR "/src/run/run.cpp"));  // the mark, but no program
  const auto problem = [](const std::string& members) {
    return find_app_program(with(members).apps[0]).problem;
  };
  CHECK(find_app_program(of(R"({"script":"sh"})").apps[0]).executable.ends_with("/sh"));
  CHECK(problem(R"("name":"x")").starts_with("script: there is no 'a' in /srv/shop or on the PATH"));
  CHECK(find_app_program(of(R"({"script":"/etc/passwd"})").apps[0]).problem.find("is not executable") !=
        std::string::npos);
  CHECK(find_app_program(of(R"({"script":"/etc/passwd","interpreter":"no-such-one"})").apps[0])
            .problem.starts_with("interpreter: "));
  CHECK(find_app_program(of(R"({"script":"/bin/sh","exec_mode":"cluster"})").apps[0])
            .problem.starts_with("listen: is missing"));
}
