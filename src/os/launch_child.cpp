// SPDX-License-Identifier: BSL-1.0
#include "os/launch_child.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#if defined(__clang__)
#define CLUSTER_PLAIN_CODE __attribute__((no_sanitize("address", "thread", "undefined")))
#else
#define CLUSTER_PLAIN_CODE __attribute__((no_sanitize_address, no_sanitize_thread, no_sanitize_undefined))
#endif

namespace cluster::os {
namespace {

// Ignored signals stay ignored across exec, so all of them go back to the default first.
CLUSTER_PLAIN_CODE void reset_signals() {
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  for (int signal = 1; signal < 65; ++signal)
    if (signal != SIGKILL && signal != SIGSTOP) ::sigaction(signal, &plain, nullptr);
}

CLUSTER_PLAIN_CODE void raise_open_files() {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

CLUSTER_PLAIN_CODE bool set_oom_score(const child_work& work) {
  const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool written =
      ::write(file, work.oom_score, work.oom_score_length) == static_cast<ssize_t>(work.oom_score_length);
  const int why = errno;
  ::close(file);
  errno = why;
  return written;
}

// First lift every source above the highest target, then put each in its place: any permutation, and a
// source that has its target's number already, then come out right.
CLUSTER_PLAIN_CODE bool lift_descriptors(const child_work& work) {
  for (std::size_t i = 0; i < work.descriptor_count; ++i) {
    work.lifted[i] = ::fcntl(work.descriptors[i].source, F_DUPFD_CLOEXEC, work.highest_target + 1);
    if (work.lifted[i] < 0) return false;
  }
  return true;
}

CLUSTER_PLAIN_CODE bool place_descriptors(const child_work& work) {
  for (std::size_t i = 0; i < work.descriptor_count; ++i)
    if (::dup2(work.lifted[i], work.descriptors[i].target) < 0) return false;
  return true;
}

// Linux before 5.11 has no CLOSE_RANGE_CLOEXEC: walk /proc/self/fd without the allocating opendir.
CLUSTER_PLAIN_CODE bool mark_each_from(int first) {
  const int directory = ::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return false;
  alignas(8) char buffer[4096];
  for (;;) {
    const long length = ::syscall(SYS_getdents64, directory, buffer, sizeof buffer);
    if (length <= 0) break;
    for (long offset = 0; offset < length;) {
      char* entry = buffer + offset;
      const char* name = entry + 19;  // struct linux_dirent64: ino 8, off 8, reclen 2, type 1
      int fd = 0;
      bool number = *name != '\0';
      for (; *name != '\0'; ++name) {
        if (*name < '0' || *name > '9') {
          number = false;
          break;
        }
        fd = fd * 10 + (*name - '0');
      }
      if (number && fd >= first) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
      offset += *reinterpret_cast<const std::uint16_t*>(entry + 16);
    }
  }
  ::close(directory);
  return true;
}

CLUSTER_PLAIN_CODE bool close_the_rest(int first) {
  if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, CLOSE_RANGE_CLOEXEC) == 0) return true;
  return mark_each_from(first);
}

// By raw system calls: glibc's wrappers would change the identity of the host's threads too.
CLUSTER_PLAIN_CODE bool change_identity(const identity& who) {
  return ::syscall(SYS_setgroups, who.groups.size(), who.groups.data()) == 0 &&
         ::syscall(SYS_setresgid, who.group, who.group, who.group) == 0 &&
         ::syscall(SYS_setresuid, who.user, who.user, who.user) == 0;
}

// Nobody knows the number earlier, and nothing may be allocated here: the digits go into prepared strings.
CLUSTER_PLAIN_CODE void write_own_pid(const child_work& work) {
  char digits[pid_room];
  std::size_t length = 0;
  for (auto rest = static_cast<unsigned long>(::syscall(SYS_getpid)); rest != 0 || length == 0; rest /= 10)
    digits[length++] = static_cast<char>('0' + rest % 10);
  for (std::size_t i = 0; i < work.pid_count; ++i) {
    char* to = work.pid_digits[i];
    for (std::size_t left = length; left != 0; --left) *to++ = digits[left - 1];
    *to = '\0';
  }
}

// After the change of identity, which would undo it. A parent that is gone already will not send it any more.
CLUSTER_PLAIN_CODE bool follow_parent(const child_work& work) {
  if (::syscall(SYS_prctl, PR_SET_PDEATHSIG, work.parent_death_signal, 0, 0, 0) < 0) return false;
  if (::syscall(SYS_getppid) == work.parent) return true;
  errno = ESRCH;
  return false;
}

[[noreturn]] CLUSTER_PLAIN_CODE void fail(const child_work& work, const char* stage) {
  work.report->error = errno;
  work.report->stage = stage;
  ::syscall(SYS_exit_group, 127);
  __builtin_unreachable();
}

}  // namespace

CLUSTER_PLAIN_CODE int run_child(void* argument) {
  const child_work& work = *static_cast<const child_work*>(argument);
  reset_signals();
  // Out of reach of the terminal's signals. Not a session of its own: the kernel gives each of those an equal
  // share of the processors (sched(7), autogroup), and workers would crowd out their own clients.
  if (::setpgid(0, 0) < 0) fail(work, "process group");
  if (work.oom_score != nullptr && !set_oom_score(work)) fail(work, "oom score");
  if (work.raise_open_files) raise_open_files();
  if (work.cpus != nullptr && ::syscall(SYS_sched_setaffinity, 0, work.cpus_size, work.cpus) < 0)
    fail(work, "cpu affinity");
  if (work.nice != nullptr && ::syscall(SYS_setpriority, PRIO_PROCESS, 0, *work.nice) < 0) fail(work, "nice");
  int executable_fd = work.executable_fd;
  if (executable_fd >= 0) executable_fd = ::fcntl(executable_fd, F_DUPFD_CLOEXEC, work.highest_target + 1);
  if (work.executable_fd >= 0 && executable_fd < 0) fail(work, "descriptors");
  if (!lift_descriptors(work)) fail(work, "descriptors");
  // Before the placing, so that nothing of the host's survives in a gap between two targets.
  if (!close_the_rest(STDERR_FILENO + 1)) fail(work, "close-on-exec");
  if (!place_descriptors(work)) fail(work, "descriptors");
  if (work.run_as != nullptr && !change_identity(*work.run_as)) fail(work, "user and group");
  if (work.working_directory != nullptr && ::chdir(work.working_directory) < 0)
    fail(work, "working directory");
  if (work.no_new_privileges && ::syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    fail(work, "no new privileges");
  if (work.parent_death_signal != 0 && !follow_parent(work)) fail(work, "parent death signal");
  write_own_pid(work);
  const std::uint64_t no_signal = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &no_signal, nullptr, sizeof no_signal);
  if (executable_fd >= 0)
    ::syscall(SYS_execveat, executable_fd, "", work.arguments, work.environment, AT_EMPTY_PATH);
  else ::syscall(SYS_execve, work.executable, work.arguments, work.environment);
  fail(work, "exec");
}

}  // namespace cluster::os
