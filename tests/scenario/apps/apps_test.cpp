// SPDX-License-Identifier: BSL-1.0
// Process files: start, run, list, reload, stop and delete of several apps, whatever they are built on.
#include "support/catch.hpp"
#include "support/program.hpp"
#include "support/strict_load.hpp"
#include "support/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

const std::string workbench = CLUSTER_TEST_BINARY_DIR "/examples/90_workbench";
const std::string examples = CLUSTER_TEST_SOURCE_DIR "/examples/30_foreign/";

/// A runtime folder of its own, a process file in it, and what was started from there ended at the end.
struct place {
  explicit place(const std::string& apps) { write("apps.json", R"({"apps":[)" + apps + "]}"); }
  ~place() {
    for (const std::string& each : started) {
      program run(settings({"start", each}));  // so that nobody is left whose supervisor a test has killed
      run.wait_exit();
      program end(settings({"delete", each}));
      end.wait_exit();
    }
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(home / (name + ".new")) << text;
    std::filesystem::rename(home / (name + ".new"), home / name);
  }
  program_settings settings(std::vector<std::string> arguments) const {
    return {CLUSTER_TEST_BINARY_DIR "/clusterctl",
            std::move(arguments),
            {"XDG_RUNTIME_DIR=" + home.path(), "COLUMNS=120", "CLUSTER_CONTROL="},
            {}};
  }
  struct told {
    int code;
    std::string output;
  };
  told ctl(std::vector<std::string> arguments) const {
    program run(settings(std::move(arguments)));
    const int code = run.wait_exit().code;
    return {code, run.output()};
  }
  told start(std::vector<std::string> names) {
    started = std::move(names);
    return ctl({"start", file()});
  }
  std::string file() const { return home / "apps.json"; }
  boost::json::value status(const std::string& name) const {
    return boost::json::parse(ctl({"list", "--name", name, "--json"}).output);
  }
  std::uint16_t port(const std::string& name) const {
    const std::string uri(status(name).at("listeners").at(0).at("uri").as_string());
    return static_cast<std::uint16_t>(std::stoi(uri.substr(uri.rfind(':') + 1)));
  }
  std::set<std::int64_t> pids(const std::string& name) const {
    std::set<std::int64_t> all;
    const auto now = status(name);
    for (const auto& each : now.at("workers").as_array()) all.insert(each.at("pid").as_int64());
    return all;
  }
  /// The line of an app in the table of all.
  std::string line(const std::string& name) const {
    std::istringstream lines(ctl({"list"}).output);
    for (std::string one; std::getline(lines, one);)
      if (one.starts_with(name + " ")) return one;
    return {};
  }

  scratch_folder home;
  std::vector<std::string> started;
};

std::string api(const std::string& script, const std::string& more = {}) {
  return R"({"name":"api","script":")" + script +
         R"(","instances":4,"exec_mode":"cluster","listen":"127.0.0.1:0")" + more + "}";
}

/// All that a process manager's user does with the classic file.
void classic(const std::string& app) {
  place it(app);
  const auto started = it.start({"api"});
  INFO(started.output);
  REQUIRE(started.code == 0);
  CHECK(started.output.starts_with("api: 4/4 ready, tcp://127.0.0.1:"));
  CHECK(contains(it.line("api"), " 4/4  running "));
  CHECK(contains(it.start({"api"}).output, "api: runs already, 4/4 ready"));
  strict_load load(it.port("api"), 3, {{strict_load::manner::single, 4}}, strict_load::asking::path);
  load.wait_for_more(50);
  const auto before = it.pids("api");
  const auto reloaded = it.ctl({"reload", "api", "--wait"});
  INFO(reloaded.output);
  CHECK(reloaded.code == 0);
  CHECK(contains(reloaded.output, "reload completed: 4 of 4 slots"));
  const auto after = it.pids("api");
  CHECK(after.size() == 4);
  CHECK(std::ranges::none_of(after, [&](auto pid) { return before.contains(pid); }));
  load.wait_for_more(50);
  const auto result = load.finish();
  INFO(result.words());
  CHECK(result.lost() == 0);
  CHECK(it.ctl({"stop", "api", "--wait"}).code == 0);
  CHECK(contains(it.line("api"), " stopped"));
  CHECK(it.ctl({"start", "api"}).code == 0);
  CHECK(contains(it.line("api"), " 4/4  running "));
  CHECK(it.ctl({"delete", "api"}).output == "stopped\napi: deleted\n");
  CHECK(it.line("api").empty());
  CHECK(it.ctl({"delete", "api"}).code == 3);
  it.started.clear();
}

}  // namespace

TEST_CASE("the classic file: four instances of api, built on the library", "[apps]") {
  classic(api(workbench));
}

TEST_CASE("the classic file: four instances of api, a Node script", "[apps]") {
  if (std::system("node --version >/dev/null 2>&1") != 0) return skipped("node is not installed");
  classic(api(examples + "server.js", R"(,"wait_ready":true)"));
}

TEST_CASE("a Node script that is waited for says process.send('ready')", "[apps]") {
  if (std::system("node --version >/dev/null 2>&1") != 0) return skipped("node is not installed");
  place it(R"({"name":"api","script":"a.js","exec_mode":"fork","wait_ready":true,"listen_timeout":15000})");
  it.write("a.js", "setInterval(() => {}, 1000); process.send({other: 1}); process.send('ready');");
  const auto started = it.start({"api"});
  INFO(started.output);
  CHECK(started.code == 0);
}

TEST_CASE("the classic file: four instances of api, a Python script", "[apps]") {
  if (std::system("python3 --version >/dev/null 2>&1") != 0) return skipped("python3 is not installed");
  classic(api(examples + "server.py", R"(,"wait_ready":true)"));
}

TEST_CASE("after its supervisor was killed, start takes the workers over that live", "[apps]") {
  const bool python = std::system("python3 --version >/dev/null 2>&1") == 0;
  for (const std::string& app : {api(workbench), api(examples + "server.py", R"(,"wait_ready":true)")}) {
    if (!python && contains(app, ".py")) return skipped("python3 is not installed");
    place it(app);
    REQUIRE(it.start({"api"}).code == 0);
    const auto before = it.pids("api");
    const std::uint16_t port = it.port("api");
    ::kill(static_cast<pid_t>(it.status("api").at("pid").as_int64()), SIGKILL);
    CHECK(contains(it.line("api"), " killed"));
    CHECK(contains(it.ctl({"delete", "api"}).output, "was killed"));
    CHECK(cluster::test::get(port, "/say/7").body == "7");
    const auto again = it.ctl({"start", "api"});
    INFO(again.output);
    CHECK(again.code == 0);
    CHECK(it.pids("api") == before);
    CHECK(it.port("api") == port);
  }
}

TEST_CASE("several apps are one command, and one table", "[apps]") {
  place it(api(workbench, R"(,"env":{"GREETING":"hi"})") +
           R"(,{"name":"job","script":"/bin/sleep","args":"1000",
    "instances":2,"exec_mode":"fork","kill_timeout":500,"min_uptime":200})");
  const auto started = it.start({"api", "job"});
  INFO(started.output);
  REQUIRE(started.code == 0);
  CHECK(contains(it.line("job"), " 2/2  running "));
  const auto json = boost::json::parse(it.ctl({"list", "--json"}).output);
  CHECK(json.at("apps").as_array().size() >= 2);
  // The program opens nothing that could be shared: the old one goes first.
  CHECK(it.ctl({"reload", "job", "--wait"}).code == 0);
  CHECK(it.ctl({"stop", "job", "api", "--wait"}).code == 0);
  CHECK(contains(it.line("job"), " stopped"));
  CHECK(contains(it.line("api"), " stopped"));
}

TEST_CASE("a reload reads the file again", "[apps]") {
  if (std::system("python3 --version >/dev/null 2>&1") != 0) return skipped("python3 is not installed");
  place it(api(examples + "server.py", R"(,"wait_ready":true)"));
  REQUIRE(it.start({"api"}).code == 0);
  it.write("apps.json", R"({"apps":[{"name":"api","script":")" + examples +
                            R"(server.py","instances":2,"listen":"127.0.0.1:0","wait_ready":true}]})");
  CHECK(it.ctl({"reload", "api", "--wait"}).code == 0);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (it.pids("api").size() != 2 && std::chrono::steady_clock::now() < deadline) ::poll(nullptr, 0, 20);
  CHECK(it.status("api").at("target").as_int64() == 2);
  it.write("apps.json", R"({"apps":[{"name":"api","scrpt":"x"}]})");
  const auto refused = it.ctl({"reload", "api", "--wait"});
  CHECK(refused.code == 1);
  CHECK(contains(refused.output, "did you mean 'script'?"));
  it.write("apps.json", R"({"apps":[)" + api(examples + "server.py") + "]}");
}

TEST_CASE("each mistake in a file is a line, and nothing is started", "[apps]") {
  place it(
      R"({"name":"api","script":"/bin/sleep","instnces":4,"exec_mode":"clustr","cron_restart":"0 0 * * *"})");
  const auto refused = it.ctl({"start", it.file()});
  CHECK(refused.code == 2);
  CHECK(contains(refused.output, "apps.json: apps[0].instnces: is not known; did you mean 'instances'?\n"));
  CHECK(contains(refused.output, "apps[0].exec_mode: \"clustr\" is not \"cluster\""));
  CHECK(contains(refused.output, "apps[0].cron_restart: nothing is restarted by the clock"));
  it.write("apps.json", R"({"apps":[{"name":"api","script":"/bin/sleep","exec_mode":"cluster"}]})");
  CHECK(contains(it.ctl({"run", it.file()}).output, "api.listen: is missing"));
  CHECK(it.line("api").empty());
  CHECK(it.ctl({"start", it.home / "none.json"}).code == 2);
}

TEST_CASE("an app that does not start says why, and the exit code tells", "[apps]") {
  place it(R"({"name":"bad","script":"/bin/false","exec_mode":"fork","max_restarts":1})");
  const auto failed = it.ctl({"start", it.file()});
  INFO(failed.output);
  CHECK(failed.code == 1);
  CHECK(contains(failed.output, "exit code 1"));
  CHECK(contains(it.line("bad"), " stopped"));
  CHECK(it.ctl({"delete", "bad"}).code == 0);
}

TEST_CASE("run holds several apps in the foreground until a signal ends them", "[apps]") {
  place it(api(workbench) +
           R"(,{"name":"job","script":"/bin/sleep","args":["1000"],"exec_mode":"fork","min_uptime":200})");
  program run(it.settings({"run", it.file()}));
  for (int i = 0; i < 5; ++i) run.wait_for(" is ready");
  CHECK(contains(it.line("job"), " 1/1  running "));
  run.signal(SIGTERM);
  CHECK(run.wait_exit().code == 0);
  CHECK(it.line("job").empty());
}

TEST_CASE("output goes to the files that were named, and opens them again", "[apps]") {
  place it(R"({"name":"talker","script":"/bin/sh","args":["-c","echo out; echo err >&2; exec sleep 1000"],
    "exec_mode":"fork","min_uptime":200,"out_file":"out.txt","error_file":"err.txt"})");
  REQUIRE(it.start({"talker"}).code == 0);
  const auto text = [&](const std::string& name) {
    std::ifstream file(it.home / name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  CHECK(contains(text("out.txt"), "out\n"));
  CHECK(contains(text("err.txt"), "err\n"));
  CHECK_FALSE(contains(text("out.txt"), "err"));
  std::filesystem::rename(it.home / "out.txt", it.home / "old.txt");
  ::kill(static_cast<pid_t>(it.status("talker").at("pid").as_int64()), SIGUSR1);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!std::filesystem::exists(it.home / "out.txt") && std::chrono::steady_clock::now() < deadline)
    ::poll(nullptr, 0, 10);
  CHECK(std::filesystem::exists(it.home / "out.txt"));
}

TEST_CASE("with watch a changed file is a reload", "[apps]") {
  place it(
      R"({"name":"dev","script":"server.sh","exec_mode":"fork","watch":["server.sh"],"kill_timeout":500,"min_uptime":100})");
  it.write("server.sh", "#!/bin/sh\nexec sleep 1000\n");
  std::filesystem::permissions(it.home / "server.sh", std::filesystem::perms::owner_all);
  REQUIRE(it.start({"dev"}).code == 0);
  const auto before = it.pids("dev");
  // The watch may begin later than the app is ready; each change is one more chance to see it.
  const auto deadline = std::chrono::steady_clock::now() + patience;
  auto after = before;
  while ((after == before || after.empty()) && std::chrono::steady_clock::now() < deadline) {
    std::ofstream(it.home / "server.sh", std::ios::app) << "# changed\n";
    ::poll(nullptr, 0, 300);
    after = it.pids("dev");
  }
  CHECK(after != before);
}
