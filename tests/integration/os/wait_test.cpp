// SPDX-License-Identifier: BSL-1.0
#include "integration/os/launching.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <signal.h>

#include <future>
#include <memory>
#include <optional>
#include <thread>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

constexpr std::chrono::seconds patience{20};

/// A process that runs until it is told to end.
launch_plan endless() { return plan_for("/bin/sleep", {"1000"}); }

/// Waits for one child through the loop.
exit_status wait_through_loop(launched_process process) {
  boost::asio::io_context context;
  child one(context.get_executor(), std::move(process));
  std::optional<exit_status> seen;
  one.wait([&](exit_status status) { seen = status; });
  context.run_for(patience);
  REQUIRE(seen);
  return *seen;
}

}  // namespace

TEST_CASE("a child's end comes through the loop with its exact status") {
  CHECK(wait_through_loop(start(shell_plan("exit 9"))) == exited_with(9));
  CHECK(wait_through_loop(start(shell_plan("kill -KILL $$"))) == ended_by(SIGKILL));
}

TEST_CASE("each of many children is waited for by itself") {
  boost::asio::io_context context;
  std::vector<std::unique_ptr<child>> children;
  std::vector<int> codes;
  for (int code = 0; code < 25; ++code) {
    children.push_back(
        std::make_unique<child>(context.get_executor(), start(shell_plan("exit " + std::to_string(code)))));
    children.back()->wait([&codes, code](exit_status status) {
      CHECK(status == exited_with(code));
      codes.push_back(code);
    });
  }
  context.run_for(patience);
  CHECK(codes.size() == 25);
  CHECK(no_children());
}

TEST_CASE("signals go through the pidfd and to nobody else after the end") {
  boost::asio::io_context context;
  child one(context.get_executor(), start(endless()));
  std::optional<exit_status> seen;
  one.wait([&](exit_status status) { seen = status; });
  context.poll();
  CHECK_FALSE(seen);
  CHECK(one.signal(SIGTERM));
  context.restart();
  context.run_for(patience);
  REQUIRE(seen);
  CHECK(*seen == ended_by(SIGTERM));
  CHECK_FALSE(one.signal(SIGTERM));
}

TEST_CASE("a host that waits for any child takes the status away, and the wait ends all the same") {
  launched_process process = start(shell_plan("exit 7"));
  int status = 0;
  REQUIRE(::waitpid(-1, &status, 0) == process.pid);
  CHECK(wait_through_loop(std::move(process)) == exit_status{});
}

TEST_CASE("a host that ignores SIGCHLD loses statuses, and the wait ends all the same") {
  struct sigaction ignore {};
  struct sigaction old {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGCHLD, &ignore, &old);
  launched_process process = start(shell_plan("exit 7"));
  const exit_status status = wait_through_loop(std::move(process));
  launched_process none;
  const failure failed = launch(plan_for("/no/such/program"), none);
  ::sigaction(SIGCHLD, &old, nullptr);
  CHECK(status == exit_status{});
  CHECK(failed.detail == "exec /no/such/program: No such file or directory");
}

TEST_CASE("a child object that goes does not take its process along and is not called again") {
  boost::asio::io_context context;
  launched_process process = start(endless());
  const pid_t pid = process.pid;
  const unique_fd pidfd(::fcntl(process.pidfd.get(), F_DUPFD_CLOEXEC, 0));
  bool called = false;
  {
    child one(context.get_executor(), std::move(process));
    one.wait([&](exit_status) { called = true; });
    context.poll();
  }
  CHECK(::kill(pid, 0) == 0);
  REQUIRE(::kill(pid, SIGKILL) == 0);
  context.restart();
  context.run_for(patience);
  CHECK_FALSE(called);
  CHECK(::waitpid(pid, nullptr, 0) == pid);
}

TEST_CASE("a child object that goes while its end is on the way to it is not called either") {
  // A strand on a context that two threads run: one holds the strand, the other has already seen the
  // end and queued the handler behind it.
  boost::asio::io_context context;
  const boost::asio::any_io_executor strand = boost::asio::make_strand(context);
  launched_process process = start(endless());
  const pid_t pid = process.pid;
  const int pidfd = process.pidfd.get();
  bool called = false;
  auto one = std::make_unique<child>(strand, std::move(process));
  one->wait([&](exit_status) { called = true; });
  std::promise<void> inside;
  std::promise<void> end_was_seen;
  boost::asio::post(strand, [&] {
    inside.set_value();
    end_was_seen.get_future().wait();
    one.reset();
  });
  std::thread holder([&] { context.run_one(); });
  inside.get_future().wait();
  REQUIRE(::kill(pid, SIGKILL) == 0);
  pollfd ended{pidfd, POLLIN, 0};
  REQUIRE(::poll(&ended, 1, 20'000) == 1);
  context.poll();  // takes the end from the reactor; the handler has to wait for the strand
  end_was_seen.set_value();
  holder.join();
  context.restart();
  context.run_for(patience);
  CHECK_FALSE(called);
  CHECK(::waitpid(pid, nullptr, 0) == pid);
}
