// SPDX-License-Identifier: BSL-1.0
// What this program does as a child of its own tests.
#include "os/executable.hpp"
#include "os/launch.hpp"
#include "support/role.hpp"
#include "unit/os/surroundings.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

using cluster::test::open_descriptors;
using cluster::test::role;

// Starts a child that is to end with it, and is killed.
int parent_of_a_follower(int, char**) {
  cluster::os::launch_plan plan;
  plan.executable = "/bin/sleep";
  plan.arguments = {plan.executable, "1000"};
  plan.descriptors = {{STDOUT_FILENO, STDOUT_FILENO}};
  plan.parent_death_signal = SIGTERM;
  cluster::os::launched_process child;
  if (cluster::os::launch(plan, child)) return 1;
  return ::raise(SIGKILL);
}
const role as_parent_of_a_follower{"parent-of-a-follower", parent_of_a_follower};

// Says what it finds around itself, one "name=value" a line.
int inspect(int argc, char** argv) {
  std::string descriptors;
  for (const int fd : open_descriptors())
    descriptors += (descriptors.empty() ? "" : ",") + std::to_string(fd);
  std::printf("descriptors=%s\n", descriptors.c_str());
  std::printf("pid=%d\nsession=%d\ngroup=%d\nparent=%d\n", ::getpid(), ::getsid(0), ::getpgrp(), ::getppid());
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("SigBlk:") || line.starts_with("SigIgn:"))
      std::printf("%s=%s\n", line.substr(0, 6).c_str(), line.substr(8).c_str());
    else if (line.starts_with("NoNewPrivs:")) std::printf("privileges=%s\n", line.substr(12).c_str());
    else if (line.starts_with("Cpus_allowed_list:")) std::printf("cpus=%s\n", line.substr(19).c_str());
  std::string score;
  std::getline(std::ifstream("/proc/self/oom_score_adj") >> std::ws, score);
  std::printf("oom=%s\nnice=%d\n", score.c_str(), ::getpriority(PRIO_PROCESS, 0));
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  std::printf("soft=%llu\nhard=%llu\n", static_cast<unsigned long long>(limit.rlim_cur),
              static_cast<unsigned long long>(limit.rlim_max));
  std::printf("argc=%d\n", argc);
  for (int i = 0; i < argc; ++i) std::printf("argument%d=%s\n", i, argv[i]);
  int count = 0;
  for (char** entry = ::environ; *entry != nullptr; ++entry, ++count)
    std::printf("environment%d=%s\n", count, *entry);
  std::printf("environment=%d\n", count);
  return 0;
}

// Says which file is behind each descriptor.
int files(int, char**) {
  for (const int fd : open_descriptors()) {
    std::error_code ec;
    const auto target = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), ec);
    std::printf("%d=%s\n", fd, target.c_str());
  }
  return 0;
}

int leave(int, char** argv) { return std::atoi(argv[1]); }

// A kernel before 5.9, as far as close_range goes; then launches this program in the role "inspect".
int without_close_range(int, char** argv) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{4, code};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0 ||
      ::syscall(SYS_close_range, 1000U, 1000U, 0U) == 0 || errno != ENOSYS)
    return 77;
  for (int i = 0; i < 300; ++i)
    if (::open("/dev/null", O_RDWR) < 0) return 2;
  cluster::os::launch_plan plan;
  plan.executable = argv[0];
  plan.arguments = {argv[0], "--role", "inspect"};
  plan.descriptors = {{20, 3}, {20, 7}};
  cluster::os::launched_process process;
  if (cluster::os::launch(plan, process)) return 3;
  pollfd ended{process.pidfd.get(), POLLIN, 0};
  return ::poll(&ended, 1, 20'000) == 1 ? 0 : 4;
}

// Says where it believes its program to be; with an argument it removes that file first.
int locate(int argc, char** argv) {
  if (argc > 1) std::filesystem::remove(argv[1]);
  std::string path;
  const cluster::os::failure failed = cluster::os::locate_executable("", path);
  if (failed) std::printf("refused=%s\n", failed.detail.c_str());
  else std::printf("path=%s\n", path.c_str());
  return 0;
}

const role as_inspect{"inspect", inspect};
const role as_files{"files", files};
const role as_leave{"leave", leave};
const role as_locate{"locate", locate};
const role as_old_kernel{"without-close-range", without_close_range};

}  // namespace
