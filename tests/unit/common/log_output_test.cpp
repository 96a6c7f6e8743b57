// SPDX-License-Identifier: BSL-1.0
// Standard error that nobody reads.
#include "common/log_output.hpp"

#include "support/catch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>

using namespace cluster;

namespace {

/// Puts one end of something in the place of standard error.
class instead_of_stderr {
 public:
  explicit instead_of_stderr(int to) : saved_(::dup(STDERR_FILENO)) { ::dup2(to, STDERR_FILENO); }
  ~instead_of_stderr() {
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
    write_to_stderr("");  // lets go of what was there
  }
  instead_of_stderr(const instead_of_stderr&) = delete;
  instead_of_stderr& operator=(const instead_of_stderr&) = delete;

 private:
  int saved_;
};

std::string read_all(int fd) {
  std::string all;
  char buffer[65536];
  pollfd one{fd, POLLIN, 0};
  while (::poll(&one, 1, 0) == 1) {
    const ssize_t length = ::read(fd, buffer, sizeof buffer);
    if (length <= 0) break;
    all.append(buffer, static_cast<std::size_t>(length));
  }
  return all;
}

std::string numbered(int i) { return "line " + std::to_string(i) + " " + std::string(80, '.') + "\n"; }

}  // namespace

TEST_CASE("a full pipe blocks nobody: what fits is kept, the rest is counted", "[log]") {
  const bool socket = GENERATE(false, true);
  int ends[2];
  if (socket) REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  else REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const int flags = ::fcntl(ends[1], F_GETFL);
  {
    const instead_of_stderr here(ends[1]);
    constexpr int lines = 10'000;  // about 900 kB, more than any of the two holds
    for (int i = 0; i < lines; ++i) write_to_stderr(numbered(i));
    std::string first = read_all(ends[0]);
    CHECK(first.starts_with(numbered(0)));
    // There is room again, and with the next line comes what was kept.
    std::string rest;
    for (int i = 0; i < 4; ++i) {
      write_to_stderr("later\n");
      rest += read_all(ends[0]);
    }
    const std::string all = first + rest;
    const auto arrived = std::count(all.begin(), all.end(), '.') / 80;
    const auto at = all.find(" lines were dropped here: there was no room for them)\n");
    REQUIRE(at != all.npos);
    const auto dropped = std::stol(all.substr(all.rfind('(', at) + 1));
    CHECK(arrived + dropped == lines);
    CHECK(rest.size() <= kept_log + 1000);
    CHECK(all.ends_with("later\nlater\nlater\nlater\n"));
  }
  // Others who have the same end find it as it was.
  CHECK(::fcntl(ends[1], F_GETFL) == flags);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("a stream whose reader is gone, and none at all, are no reason to wait or to end", "[log]") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  ::signal(SIGPIPE, SIG_IGN);
  ::close(ends[0]);
  {
    const instead_of_stderr here(ends[1]);
    for (int i = 0; i < 2000; ++i) write_to_stderr(numbered(i));
  }
  ::close(ends[1]);
  ::signal(SIGPIPE, SIG_DFL);
}

TEST_CASE("what a full disk did not take is written when there is room again", "[log]") {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  {
    const instead_of_stderr here(full);
    write_to_stderr("one\n");
    write_to_stderr("two\n");
    ::dup2(ends[1], STDERR_FILENO);
    write_to_stderr("three\n");
  }
  CHECK(read_all(ends[0]) == "one\ntwo\nthree\n");
  for (const int fd : {full, ends[0], ends[1]}) ::close(fd);
}
