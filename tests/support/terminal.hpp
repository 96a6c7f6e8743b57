// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

namespace cluster::test {

inline std::string run_shell(const std::string& command) {
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
    run_shell(tmux() + "-f /dev/null new-session -d -x " + std::to_string(width) + " -y " +
              std::to_string(height) + " 'exec env PS1=prompt: HISTFILE= sh'");
    wait("prompt:");
  }
  ~terminal() { run_shell(tmux() + "kill-server"); }

  std::string tmux() const { return "env -u TMUX LC_ALL=C.UTF-8 tmux -S " + (folder / "tmux") + " "; }
  std::string screen() const { return run_shell(tmux() + "capture-pane -p"); }
  void keys(const std::string& what) const { run_shell(tmux() + "send-keys " + what); }
  std::string wait(const std::string& text) const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::string seen;
    while (std::chrono::steady_clock::now() < deadline) {
      seen = screen();
      if (seen.find(text) != seen.npos) return seen;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // only paces the look, the text decides
    }
    FAIL("no '" << text << "' on the screen:\n" << seen);
    return seen;
  }

  scratch_folder folder;
};

inline bool no_tmux() {
  if (std::system("command -v tmux >/dev/null 2>&1") == 0) return false;
  skipped("tmux is not installed");
  return true;
}

}  // namespace cluster::test
