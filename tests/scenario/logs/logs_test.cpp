// SPDX-License-Identifier: BSL-1.0
// Workers' output: where it goes, who may read it, and what happens to it when a log file is moved away.
#include "scenario/control/controlled.hpp"
#include "support/text.hpp"

#include <signal.h>

#include <fstream>
#include <sstream>
#include <thread>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

program_settings ctl(const controlled& it, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"-s", it.socket(), "logs"});
  return {CLUSTER_TEST_BINARY_DIR "/clusterctl", std::move(arguments), {}, {}};
}

std::string logs(const controlled& it, std::vector<std::string> arguments = {}) {
  program run(ctl(it, std::move(arguments)));
  CHECK(run.wait_exit().code == 0);
  return run.output();
}

std::string content(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void say(controlled& it, const std::string& words) {
  REQUIRE(get(it.cluster.port(), "/print/" + words).status == 200);
}

}  // namespace

TEST_CASE("captured output is still where it was, and clusterctl logs shows it, with history and live",
          "[logs]") {
  controlled it({"--workers", "1", "--logs", "capture"});
  it.cluster.wait_ready(1);
  program follower(ctl(it, {"-f"}));
  say(it, "first");
  it.cluster.wait_for("first");
  it.cluster.wait_for("first");  // both streams
  follower.wait_for("  0| first");
  follower.wait_for("  0! first");
  say(it, "second");
  follower.wait_for("  0| second");
  const std::string history = logs(it);
  CHECK(contains(history, "  0| first\n"));
  CHECK(contains(history, "  0! second\n"));
  CHECK_FALSE(contains(logs(it, {"--out"}), "! "));
  CHECK_FALSE(contains(logs(it, {"--err"}), "| "));
  CHECK(logs(it, {"--raw", "--tail", "1", "--err"}) == "second\n");
  CHECK(logs(it, {"--slot", "7"}).empty());
  const auto line = boost::json::parse(logs(it, {"--json", "--tail", "1"}));
  CHECK(line.at("text").as_string() == "second");
  CHECK(line.at("worker").as_int64() == 1);
  const auto status = it.status();
  CHECK(status.at("captures_output") == true);
  CHECK(status.at("counters").at("log_lines").as_int64() >= 4);
  CHECK(status.at("counters").at("log_lines_dropped").as_int64() == 0);
  it.cluster.signal(SIGTERM);
  CHECK(follower.wait_exit().code == 0);
  CHECK(it.cluster.wait_exit().code == 0);
}

TEST_CASE("what a worker said last is kept when it is gone", "[logs]") {
  controlled it({"--workers", "1", "--logs", "capture"});
  it.cluster.wait_ready(1);
  say(it, "last-words");
  get(it.cluster.port(), "/exit/9");
  it.cluster.wait_for("exit code 9");
  it.cluster.wait_ready(2);
  say(it, "successor");
  const std::string all = logs(it, {"--raw"});
  CHECK(contains(all, "last-words\n"));
  CHECK(contains(all, "successor\n"));
  it.stop();
}

TEST_CASE("without capture the output goes its own way, and logs says how to have it", "[logs]") {
  controlled it({"--workers", "1"});
  it.cluster.wait_ready(1);
  say(it, "direct");
  it.cluster.wait_for("direct");
  program refused(ctl(it, {}));
  CHECK(refused.wait_exit().code == 1);
  CHECK(contains(refused.output(), "start the cluster with --logs capture"));
  it.stop();
}

TEST_CASE("a log file that is moved away is opened again, and nothing goes on into the old one", "[logs]") {
  const scratch_folder place;
  controlled it({"--workers", "1", "--log-file", place / "log", "--log-format", "json"});
  const auto until = [&](const std::string& path, const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!contains(content(path), text) && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(2ms);
    return contains(content(path), text);
  };
  REQUIRE(until(place / "log", "(slot 0, pid"));
  const std::string first = content(place / "log");
  const auto port_at = first.find("tcp://127.0.0.1:") + 16;
  const auto port = static_cast<std::uint16_t>(std::stoul(first.substr(port_at)));
  REQUIRE(until(place / "log", "is ready"));
  REQUIRE(get(port, "/print/before").status == 200);
  REQUIRE(until(place / "log", "\"message\":\"before\""));
  std::filesystem::rename(place / "log", place / "log.1");
  it.cluster.signal(SIGUSR1);
  REQUIRE(until(place / "log", "the log file was opened again"));
  REQUIRE(get(port, "/print/after").status == 200);
  REQUIRE(until(place / "log", "\"message\":\"after\""));
  CHECK_FALSE(contains(content(place / "log.1"), "after"));
  // Nothing but JSON, each line of it.
  std::istringstream lines(content(place / "log") + content(place / "log.1"));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    INFO(line);
    boost::system::error_code ec;
    CHECK(boost::json::parse(line, ec).is_object());
  }
  CHECK(count >= 6);
  it.stop();
}

TEST_CASE("a log file that cannot be opened keeps the cluster from starting", "[logs]") {
  controlled it({"--workers", "1", "--log-file", "/nonexistent/folder/log"});
  CHECK(it.cluster.wait_exit().code == 3);
  CHECK(contains(it.cluster.output(), "log-file: /nonexistent/folder/log: No such file or directory"));
}
