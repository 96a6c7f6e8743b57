// SPDX-License-Identifier: BSL-1.0
#include "os/process_object.hpp"
#include "integration/os/launching.hpp"

#include <boost/asio/io_context.hpp>

#include <signal.h>

#include <optional>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

TEST_CASE("a launched process is a process object of Boost.Process: it waits") {
  const std::size_t before = descriptor_count();
  {
    boost::asio::io_context context;
    auto process = to_process_object(context.get_executor(), start(shell_plan("exit 6")));
    CHECK(process.id() > 0);
    CHECK(process.wait() == 6);
    CHECK(process.exit_code() == 6);
  }
  CHECK(no_children());
  CHECK(descriptor_count() == before);
}

TEST_CASE("a launched process is a process object of Boost.Process: it completes a wait") {
  boost::asio::io_context context;
  auto process = to_process_object(context.get_executor(), start(shell_plan("exit 8")));
  std::optional<int> code;
  process.async_wait([&](const error_code& ec, int value) {
    CHECK_FALSE(ec);
    code = value;
  });
  context.run_for(std::chrono::seconds(20));
  REQUIRE(code);
  CHECK(*code == 8);
}

TEST_CASE("a launched process is a process object of Boost.Process: signals differ from codes") {
  boost::asio::io_context context;
  auto process = to_process_object(context.get_executor(), start(shell_plan("kill -KILL $$")));
  process.wait();
  CHECK(WIFSIGNALED(process.native_exit_code()));
  CHECK(WTERMSIG(process.native_exit_code()) == SIGKILL);
}

TEST_CASE("a detached process object leaves its process alone, another one ends it") {
  boost::asio::io_context context;
  pid_t pid = 0;
  {
    auto process = to_process_object(context.get_executor(), start(plan_for("/bin/sleep", {"1000"})));
    pid = process.id();
    process.detach();
  }
  CHECK(::kill(pid, 0) == 0);
  CHECK(::waitpid(pid, nullptr, WNOHANG) == 0);
  REQUIRE(::kill(pid, SIGKILL) == 0);
  CHECK(::waitpid(pid, nullptr, 0) == pid);
  {
    auto process = to_process_object(context.get_executor(), start(plan_for("/bin/sleep", {"1000"})));
    pid = process.id();
  }
  CHECK(::kill(pid, 0) != 0);
  CHECK(no_children());
}
