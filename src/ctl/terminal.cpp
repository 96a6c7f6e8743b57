// SPDX-License-Identifier: BSL-1.0
#include "ctl/terminal.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace cluster::ctl {
namespace {

volatile sig_atomic_t interrupt_seen = 0;
constexpr std::size_t unlimited = 200;

}  // namespace

bool output_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

std::size_t output_width() {
  if (const char* said = std::getenv("COLUMNS")) {
    const long columns = std::strtol(said, nullptr, 10);
    if (columns >= 20 && columns <= 1000) return static_cast<std::size_t>(columns);
  }
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return unlimited;
}

bool output_has_colours() {
  const char* refused = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return output_is_terminal() && (refused == nullptr || *refused == '\0') &&
         (term == nullptr || std::string_view(term) != "dumb");
}

bool print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return std::fflush(stdout) == 0 && written;
}

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupt_seen = 1; };
  for (const int number : {SIGINT, SIGTERM}) ::sigaction(number, &action, nullptr);  // without SA_RESTART
  ::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() { return interrupt_seen != 0; }

void rest(std::chrono::milliseconds time) {
  sigset_t both;
  sigset_t before;
  ::sigemptyset(&both);
  for (const int number : {SIGINT, SIGTERM}) ::sigaddset(&both, number);
  ::pthread_sigmask(SIG_BLOCK, &both, &before);
  // Between this look and the wait none can come; within the wait they may.
  const timespec limit{time.count() / 1000, time.count() % 1000 * 1'000'000};
  if (!interrupted()) ::ppoll(nullptr, 0, &limit, &before);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace cluster::ctl
