// SPDX-License-Identifier: BSL-1.0
#include "supervisor/output_relay.hpp"

#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>

using namespace cluster;
using namespace std::chrono_literals;

namespace {

struct two_ends {
  int from;
  int to;
  ~two_ends() {
    if (from >= 0) ::close(from);
    if (to >= 0) ::close(to);
  }
};

two_ends make(bool sockets) {
  int ends[2];
  REQUIRE((sockets ? ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : ::pipe(ends)) == 0);
  return {ends[0], ends[1]};
}

std::string read_all(int from) {
  std::string text;
  char piece[65536];
  ssize_t got;
  while ((got = ::recv(from, piece, sizeof piece, MSG_DONTWAIT)) > 0 || (got < 0 && errno == ENOTSOCK)) {
    if (got < 0) {
      ::fcntl(from, F_SETFL, O_NONBLOCK);
      if ((got = ::read(from, piece, sizeof piece)) <= 0) break;
    }
    text.append(piece, static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

TEST_CASE("a reader that stands still blocks nothing and costs a bounded rest", "[output]") {
  const bool sockets = GENERATE(false, true);
  INFO("sockets: " << sockets);
  const two_ends ends = make(sockets);
  boost::asio::io_context context;
  const auto relay = std::make_shared<output_relay>(context.get_executor(), ends.to);
  const std::string line(999, 'x');
  for (int i = 0; i < 2000; ++i) {
    relay->write(line);
    context.poll();
  }
  CHECK(relay->dropped() > 0);
  CHECK(relay->dropped() < 2000);
  // The stream is as it was for others who share it.
  CHECK((::fcntl(ends.to, F_GETFL) & O_NONBLOCK) == 0);
  // As soon as somebody reads, what waited comes, whole lines only.
  std::string seen;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  const std::size_t wanted = (2000 - relay->dropped()) * 1000;
  while (seen.size() < wanted && std::chrono::steady_clock::now() < deadline) {
    seen += read_all(ends.from);
    context.run_for(5ms);
    context.restart();
  }
  CHECK(seen.size() == wanted);
  CHECK(static_cast<std::size_t>(std::count(seen.begin(), seen.end(), '\n')) == 2000 - relay->dropped());
}

TEST_CASE("nobody there to read is no error", "[output]") {
  two_ends ends = make(true);
  ::close(ends.from);
  ends.from = -1;
  boost::asio::io_context context;
  const auto relay = std::make_shared<output_relay>(context.get_executor(), ends.to);
  for (int i = 0; i < 1000; ++i) relay->write(std::string(999, 'x'));
  context.run();
  CHECK(relay->dropped() > 0);  // more than may wait within one turn
}

TEST_CASE("lines of one turn are one write, in their order", "[output]") {
  const two_ends ends = make(false);
  boost::asio::io_context context;
  const auto relay = std::make_shared<output_relay>(context.get_executor(), ends.to);
  relay->write("one");
  relay->write("");
  relay->write("two");
  context.run();
  CHECK(read_all(ends.from) == "one\n\ntwo\n");
  CHECK(relay->dropped() == 0);
}
