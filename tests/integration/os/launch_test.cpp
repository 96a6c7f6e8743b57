// SPDX-License-Identifier: BSL-1.0
#include "integration/os/launching.hpp"

#include <signal.h>

#include <filesystem>
#include <string>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

/// A signal disposition for a scope.
class disposition_guard {
 public:
  disposition_guard(int number, void (*handler)(int)) : number_(number) {
    struct sigaction wanted {};
    wanted.sa_handler = handler;
    ::sigaction(number, &wanted, &old_);
  }
  disposition_guard(const disposition_guard&) = delete;
  disposition_guard& operator=(const disposition_guard&) = delete;
  ~disposition_guard() { ::sigaction(number_, &old_, nullptr); }

 private:
  int number_;
  struct sigaction old_ {};
};

class blocked_signals {
 public:
  blocked_signals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &old_);
  }
  blocked_signals(const blocked_signals&) = delete;
  blocked_signals& operator=(const blocked_signals&) = delete;
  ~blocked_signals() { ::pthread_sigmask(SIG_SETMASK, &old_, nullptr); }

 private:
  sigset_t old_{};
};

sigset_t current_mask() {
  sigset_t mask;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  return mask;
}

bool same_mask(const sigset_t& one, const sigset_t& other) {
  for (int number = 1; number < 65; ++number)
    if (::sigismember(&one, number) != ::sigismember(&other, number)) return false;
  return true;
}

}  // namespace

TEST_CASE("variables with the child's own pid have it, whatever runs there", "[launch]") {
  launch_plan plan = shell_plan("echo pid=$$; echo one=$LISTEN_PID; echo two=$WATCHDOG_PID; echo path=$PATH");
  plan.pid_variables = {"LISTEN_PID", "WATCHDOG_PID"};
  for (int round = 0; round < 3; ++round) {
    const outcome got = run(plan);
    CHECK(got.value("one") == got.value("pid"));
    CHECK(got.value("two") == got.value("pid"));
    CHECK(got.value("path") == "/usr/bin:/bin");
  }
}

TEST_CASE("a child that is to follow its parent ends with it", "[launch]") {
  // A shell between us and the one that follows would not be its parent: this program starts it.
  pipe_ends pipe;
  launch_plan parent = role_plan("parent-of-a-follower");
  parent.descriptors.push_back({pipe.to.get(), STDOUT_FILENO});
  const launched_process process = start(parent);
  pipe.to.reset();
  CHECK(wait_end(process) == ended_by(SIGKILL));
  // The child has the pipe too: its end is the end of the pipe.
  pollfd closed{pipe.from.get(), 0, 0};
  CHECK(::poll(&closed, 1, 20'000) == 1);
}

TEST_CASE("a child has exactly the arguments of the plan") {
  const outcome result =
      run(role_plan("inspect", {"plain", "", "two words", "quote\"'$HOME`x`\\", "--", "-x=y", "\xC3\xBC"}));
  REQUIRE(result.status == exited_with(0));
  CHECK(result.value("argc") == "8");
  CHECK(result.value("argument0") == own_path());
  CHECK(result.value("argument1") == "plain");
  CHECK(result.value("argument2").empty());
  CHECK(result.value("argument3") == "two words");
  CHECK(result.value("argument4") == "quote\"'$HOME`x`\\");
  CHECK(result.value("argument5") == "--");
  CHECK(result.value("argument6") == "-x=y");
  CHECK(result.value("argument7") == "\xC3\xBC");
}

TEST_CASE("argv[0] need not be the path") {
  launch_plan plan = shell_plan("echo name=$0");
  plan.arguments = {"worker:0", "-c", "echo name=$0"};
  CHECK(run(plan).value("name") == "worker:0");
}

TEST_CASE("a child has exactly the environment of the plan") {
  const environment_guard not_wanted("CLUSTER_TEST_NOT_WANTED", "1");
  launch_plan plan = role_plan("inspect");
  plan.environment = {"ONE=1", "EMPTY=", "WITH=a=b c", "ONE=again"};
  const outcome result = run(plan);
  REQUIRE(result.status == exited_with(0));
  CHECK(result.value("environment") == "4");
  CHECK(result.value("environment0") == "ONE=1");
  CHECK(result.value("environment1") == "EMPTY=");
  CHECK(result.value("environment2") == "WITH=a=b c");
  CHECK(result.value("environment3") == "ONE=again");
  plan.environment.clear();
  CHECK(run(plan).value("environment") == "0");
}

TEST_CASE("a child leads a process group of its own in our session and is ours") {
  const outcome result = run(role_plan("inspect"));
  CHECK(result.value("session") == std::to_string(::getsid(0)));
  CHECK(result.value("group") == result.value("pid"));
  CHECK(result.value("parent") == std::to_string(::getpid()));
}

TEST_CASE("a child starts with default dispositions and no signal blocked, whatever the host does") {
  const disposition_guard pipe(SIGPIPE, SIG_IGN);
  const disposition_guard hangup(SIGHUP, SIG_IGN);
  const disposition_guard terminate(SIGTERM, SIG_IGN);
  const disposition_guard realtime(SIGRTMIN + 2, SIG_IGN);
  const disposition_guard last(SIGRTMAX, SIG_IGN);
  const disposition_guard user(SIGUSR1, [](int) {});
  const blocked_signals blocked;
  const outcome result = run(role_plan("inspect"));
  CHECK(result.value("SigIgn") == "0000000000000000");
  CHECK(result.value("SigBlk") == "0000000000000000");
}

TEST_CASE("a launch leaves the host's mask and dispositions as they were") {
  const disposition_guard user(SIGUSR1, [](int) {});
  const sigset_t before = current_mask();
  CHECK(wait_end(start(plan_for("/bin/true"))) == exited_with(0));
  launched_process none;
  CHECK(launch(plan_for("/no/such/program"), none));
  CHECK(same_mask(current_mask(), before));
  const blocked_signals blocked;
  const sigset_t all = current_mask();
  CHECK(wait_end(start(plan_for("/bin/true"))) == exited_with(0));
  CHECK(same_mask(current_mask(), all));
  struct sigaction now {};
  ::sigaction(SIGUSR1, nullptr, &now);
  CHECK(now.sa_handler != SIG_DFL);
}

TEST_CASE("a child may open as many files as it is allowed to") {
  const open_files_guard narrow(200);
  const outcome raised = run(role_plan("inspect"));
  CHECK(raised.value("soft") == raised.value("hard"));
  CHECK(raised.value("soft") != "200");
  launch_plan plan = role_plan("inspect");
  plan.raise_open_files = false;
  CHECK(run(plan).value("soft") == "200");
  rlimit own{};
  ::getrlimit(RLIMIT_NOFILE, &own);
  CHECK(own.rlim_cur == 200);  // the host's own is not touched
}

TEST_CASE("the path is looked up at each start, so what is deployed there now is run") {
  const scratch_folder folder;
  const std::string path = folder / "app";
  std::filesystem::copy_file("/bin/true", path);
  CHECK(wait_end(start(plan_for(path))) == exited_with(0));
  std::filesystem::remove(path);
  std::filesystem::copy_file("/bin/false", path);
  CHECK(wait_end(start(plan_for(path))) == exited_with(1));
}

TEST_CASE("a kept executable is run although its path is gone") {
  const scratch_folder folder;
  const std::string path = folder / "app";
  std::filesystem::copy_file("/bin/sh", path);
  const unique_fd kept(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::filesystem::remove(path);
  launch_plan plan = plan_for(path, {"-c", "echo name=$0; ls /proc/self/fd | tr '\\n' ,"});
  plan.executable_fd = kept.get();
  const outcome result = run(plan);
  CHECK(result.status == exited_with(0));
  CHECK(result.value("name") == path);
  CHECK(::fcntl(kept.get(), F_GETFD) >= 0);
  plan.executable_fd = unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get();  // closed again
  launched_process none;
  CHECK(launch(plan, none).detail.starts_with("descriptors: "));
}
