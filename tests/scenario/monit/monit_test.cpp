// SPDX-License-Identifier: BSL-1.0
// clusterctl monit on a real terminal, by way of tmux.
#include "scenario/control/controlled.hpp"
#include "support/terminal.hpp"
#include "support/text.hpp"

#include <signal.h>

#include <fstream>
#include <sstream>
#include <thread>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

std::string monit(const controlled& it) {
  return "'clear; " CLUSTER_TEST_BINARY_DIR "/clusterctl -s " + it.socket() +
         " monit; echo ended with $?' Enter";
}

}  // namespace

TEST_CASE("monit shows the cluster, takes orders after a question, and leaves the terminal clean",
          "[monit]") {
  if (no_tmux()) return;
  controlled it({"--workers", "2", "--logs", "capture"});
  it.cluster.wait_ready(2);
  const terminal screen(80, 24);
  screen.keys(monit(it));
  const std::string first = screen.wait("2/2 ready");
  CHECK(contains(first, "SLOT"));
  CHECK(contains(first, "q quit"));
  screen.wait("worker 2 in slot 1 is ready");  // what happened before it looked

  screen.keys("+");
  screen.wait("scale to 3 workers?  y/n");
  screen.keys("n");
  screen.wait("nothing was done");
  screen.keys("+");
  screen.wait("scale to 3 workers?  y/n");
  screen.keys("y");
  screen.wait("3/3 ready");
  screen.keys("r");
  screen.wait("reload all workers?");
  screen.keys("y");
  screen.wait("gen 2");

  REQUIRE(get(it.cluster.port(), "/print/heard").status == 200);
  screen.keys("l");
  screen.wait("| heard");
  // At its new size the last line is where it belongs.
  run_shell(screen.tmux() + "resize-window -x 70 -y 15");
  screen.wait("l events");
  screen.keys("q");
  const std::string left = screen.wait("ended with 0");
  CHECK_FALSE(contains(left, "q quit"));  // the screen from before is back
  it.stop();
}

TEST_CASE("monit ends tidily on a signal and bears with a cluster that goes away", "[monit]") {
  if (no_tmux()) return;
  controlled it({"--workers", "1"});
  it.cluster.wait_ready(1);
  const terminal screen(80, 24);
  screen.keys(monit(it));
  screen.wait("1/1 ready");
  it.stop();
  screen.wait("the cluster does not answer");
  screen.keys("C-c");
  screen.wait("ended with 0");
  screen.keys("'stty -a | grep -c \" icanon\"; echo echoed' Enter");
  screen.wait("echoed");
  screen.keys("'" CLUSTER_TEST_BINARY_DIR "/clusterctl -s " + it.socket() + " monit; echo then $?' Enter");
  screen.wait("then 3");
}

TEST_CASE("without a terminal monit says what to use", "[monit]") {
  program piped({CLUSTER_TEST_BINARY_DIR "/clusterctl", {"monit"}, {}, {}});
  CHECK(piped.wait_exit().code == 2);
  CHECK(contains(piped.output(), "monit needs a terminal"));
}

TEST_CASE("monit takes at most one hundredth of a CPU", "[monit]") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return skipped("sanitizers take time of their own");
#endif
  if (no_tmux()) return;
  controlled it({"--workers", "4"});
  it.cluster.wait_ready(4);
  const terminal screen(120, 40);
  screen.keys("'" CLUSTER_TEST_BINARY_DIR "/clusterctl -s " + it.socket() + " monit' Enter");
  screen.wait("4/4 ready");
  // It is the one child of the shell.
  const std::string shell = run_shell(screen.tmux() + "display-message -p '#{pane_pid}'");
  std::ifstream children("/proc/" + std::to_string(std::stoi(shell)) + "/task/" +
                         std::to_string(std::stoi(shell)) + "/children");
  int viewer = 0;
  REQUIRE(children >> viewer);
  const auto spent = [&] {
    std::ifstream file("/proc/" + std::to_string(viewer) + "/schedstat");
    std::uint64_t ns = 0;
    file >> ns;
    return std::chrono::nanoseconds(ns);
  };
  const auto began = std::chrono::steady_clock::now();
  const auto before = spent();
  REQUIRE(before.count() > 0);
  std::this_thread::sleep_for(3s);  // what is measured is what it does in that time
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const std::chrono::duration<double> cpu = spent() - before;
  INFO(cpu.count() * 100 / took.count() << " % of a CPU");
  CHECK(cpu.count() <= took.count() / 100);
  screen.keys("q");
  it.stop();
}

TEST_CASE("list, describe and monit fit terminals of any width", "[monit]") {
  if (no_tmux()) return;
  controlled it({"--workers", "3"});
  it.cluster.wait_ready(3);
  const std::string tool = CLUSTER_TEST_BINARY_DIR "/clusterctl -s " + it.socket();
  for (const int width : {60, 80, 120, 200}) {
    INFO(width);
    const terminal screen(width, 24);
    screen.keys("'clear; " + tool + " list; echo listed' Enter");
    const std::string list = screen.wait("listed\nprompt:");
    std::istringstream lines(list);
    std::vector<std::string> shown;
    for (std::string line; std::getline(lines, line) && line != "listed";) shown.push_back(line);
    INFO(list);
    // A line that is too long would go on in a second one.
    REQUIRE(shown.size() == 5);
    CHECK(contains(shown[0], "workbench  pid "));
    CHECK(contains(shown[0], "3/3 ready"));
    for (const char* title : {"SLOT", "PID", "STATE", "UP", "CPU", "MEM"}) CHECK(contains(shown[1], title));
    CHECK(contains(shown[1], "RESTARTS") == (width >= 80));
    CHECK(contains(shown[1], "BUSY") == (width >= 120));
    for (std::size_t i = 2; i < 5; ++i) CHECK(contains(shown[i], " ready "));
    screen.keys("'clear; " + tool + " describe 1; echo described' Enter");
    const std::string described = screen.wait("described\nprompt:");
    CHECK(contains(described, "state       ready"));
    CHECK(contains(described, "generation  1"));
    screen.keys("'clear; " + tool + " monit; echo ended with $?' Enter");
    const std::string full = screen.wait("q quit");
    CHECK(contains(full, "3/3 ready"));
    screen.wait("worker 1 in slot 0");
    screen.keys("q");
    screen.wait("ended with 0");
  }
  it.stop();
}
