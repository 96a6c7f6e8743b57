// SPDX-License-Identifier: BSL-1.0
// Programs that are not built on the library, as workers: a plain Python server, Node and gunicorn.
#include "hosted.hpp"

#include <cstdio>

using namespace cluster;
using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

const std::string examples = CLUSTER_TEST_SOURCE_DIR "/examples/30_foreign/";

options foreign(std::string executable, std::vector<std::string> arguments) {
  options settings;
  settings.name = "foreign";
  settings.listen = {"127.0.0.1:0"};
  settings.workers = 2;
  settings.executable = std::move(executable);
  settings.arguments = std::move(arguments);
  settings.drain_timeout = 8s;
  settings.foreign.emplace();
  settings.foreign->ready_after = 800ms;
  settings.log.level = log_level::warning;
  return settings;
}

/// Three rolling replacements under clients that forgive nothing.
void replaced_under_load(options settings, std::vector<std::pair<strict_load::manner, unsigned>> clients) {
  hosted it(std::move(settings));
  it.wait_ready(2);
  strict_load load(it.port(), 7, std::move(clients), strict_load::asking::path);
  load.wait_for_more(100);
  for (std::uint64_t round = 1; round <= 2; ++round) {
    const reload_report report = it.reload();
    INFO(report.stage << ": " << report.reason);
    CHECK(report.how == reload_report::outcome::completed);
    CHECK(report.slots_done == 2);
    load.wait_for_more(100);
  }
  const auto result = load.finish();
  INFO(result.words());
  std::printf("%s: %s\n", it.status().executable.c_str(), result.words().c_str());
  CHECK(result.lost() == 0);
  it.stop();
}

using manner = strict_load::manner;

}  // namespace

TEST_CASE("a plain Python server is replaced without a lost request", "[foreign]") {
  const std::string python = find_program("python3");
  if (python.empty()) return skipped("python3 is not installed");
  options settings = foreign(python, {examples + "server.py"});
  settings.foreign->wait_ready = true;
  replaced_under_load(settings, {{manner::single, 6}});
}

TEST_CASE("a Node server is replaced without a lost request, keep-alive connections included", "[foreign]") {
  const std::string node = find_program("node");
  if (node.empty()) return skipped("node is not installed");
  options settings = foreign(node, {examples + "server.js"});
  settings.foreign->wait_ready = settings.foreign->node_channel = true;
  replaced_under_load(std::move(settings), {{manner::single, 4}, {manner::busy, 2}});
}

TEST_CASE("gunicorn is replaced without a lost request", "[foreign]") {
  const std::string gunicorn = find_program("gunicorn");
  if (gunicorn.empty()) return skipped("gunicorn is not installed");
  options settings =
      foreign(gunicorn, {"--workers", "1", "--log-level", "error", "--chdir", examples, "wsgi:app"});
  settings.foreign->wait_ready = true;
  replaced_under_load(settings, {{manner::single, 6}});
}
