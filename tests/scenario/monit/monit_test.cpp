// SPDX-License-Identifier: BSL-1.0
// clusterctl monit on a real terminal, by way of tmux.
#include "scenario/control/controlled.hpp"

#include <signal.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

std::string run(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 512> piece{};
  while (std::fgets(piece.data(), static_cast<int>(piece.size()), pipe) != nullptr) output += piece.data();
  ::pclose(pipe);
  return output;
}

/// A tmux server of this test's own, with a shell in a window of the given size.
struct terminal {
  terminal(int width, int height) {
    run(tmux() + "-f /dev/null new-session -d -x " + std::to_string(width) + " -y " + std::to_string(height) +
        " 'exec env PS1=prompt: HISTFILE= sh'");
    wait("prompt:");
  }
  ~terminal() { run(tmux() + "kill-server"); }

  std::string tmux() const { return "env -u TMUX LC_ALL=C.UTF-8 tmux -S " + (folder / "tmux") + " "; }
  std::string screen() const { return run(tmux() + "capture-pane -p"); }
  void keys(const std::string& what) const { run(tmux() + "send-keys " + what); }
  std::string wait(const std::string& text) const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::string seen;
    while (std::chrono::steady_clock::now() < deadline) {
      seen = screen();
      if (contains(seen, text)) return seen;
      std::this_thread::sleep_for(20ms);  // only paces the look, the text decides
    }
    FAIL("no '" << text << "' on the screen:\n" << seen);
    return seen;
  }

  scratch_folder folder;
};

bool no_tmux() {
  if (std::system("command -v tmux >/dev/null 2>&1") == 0) return false;
  skipped("tmux is not installed");
  return true;
}

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
  run(screen.tmux() + "resize-window -x 70 -y 15");
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
