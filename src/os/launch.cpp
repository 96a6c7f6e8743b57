// SPDX-License-Identifier: BSL-1.0
#include "os/launch.hpp"

#include "os/launch_child.hpp"
#include "os/yielding.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <optional>

namespace cluster::os {
namespace {

// Sanitizers keep shadow state for each thread in memory that a vfork child would share and spoil; their
// builds copy the address space instead.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int address_space_flag = 0;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr int address_space_flag = 0;
#else
constexpr int address_space_flag = CLONE_VM;
#endif
#else
constexpr int address_space_flag = CLONE_VM;
#endif

constexpr std::size_t stack_size = 64 * 1024;

/// The child's stack and its report, in memory that both sides see. From the heap where the address space is
/// shared: a mapping of its own for each child makes the kernel tell every processor of its end.
class shared_block {
 public:
  shared_block() : memory_(on_heap ? std::malloc(size) : mapped()) {}
  shared_block(const shared_block&) = delete;
  shared_block& operator=(const shared_block&) = delete;
  ~shared_block() {
    if (on_heap) std::free(memory_);
    else if (memory_ != nullptr) ::munmap(memory_, size);
  }
  explicit operator bool() const { return memory_ != nullptr; }
  void* stack_top() const { return static_cast<char*>(memory_) + stack_size; }
  child_report* report() const { return new (stack_top()) child_report{}; }

 private:
  static void* mapped() {
    void* const made = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return made == MAP_FAILED ? nullptr : made;
  }

  static constexpr bool on_heap = address_space_flag != 0;
  static constexpr std::size_t size = stack_size + sizeof(child_report);
  void* memory_;
};

/// All signals blocked, also those that glibc keeps to itself, and no cancellation: the child must not
/// run a handler of the host's on the host's memory.
class signals_blocked {
 public:
  signals_blocked() {
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state_);
    const std::uint64_t all = ~std::uint64_t{0};
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask_, sizeof all);
  }
  ~signals_blocked() {
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask_, nullptr, sizeof mask_);
    ::pthread_setcancelstate(cancel_state_, nullptr);
  }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

 private:
  std::uint64_t mask_ = 0;
  int cancel_state_ = 0;
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> list;
  list.reserve(strings.size() + 1);
  for (const std::string& text : strings) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

failure collect_failure(const launch_plan& plan, const child_report& report, pid_t pid) {
  // The child has left by itself: this wait ends at once and leaves no zombie.
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  const error_code ec{report.error, boost::system::system_category()};
  std::string where = report.stage;
  if (where == "exec") where += " " + plan.executable;
  return {ec, where + ": " + ec.message()};
}

}  // namespace

failure launch(const launch_plan& plan, launched_process& out) {
  const std::vector<char*> arguments = pointers(plan.arguments);
  std::vector<char*> environment = pointers(plan.environment);
  std::vector<std::string> own_pids;
  std::vector<char*> pid_digits;
  own_pids.reserve(plan.pid_variables.size());  // they must not move any more
  for (const std::string& name : plan.pid_variables) {
    std::string& entry = own_pids.emplace_back(name + "=" + std::string(pid_room, '\0'));
    pid_digits.push_back(entry.data() + name.size() + 1);
    environment.insert(environment.end() - 1, entry.data());
  }
  std::vector<int> lifted(plan.descriptors.size());
  const shared_block block;
  if (!block) return {last_error(), "memory for the child: " + last_error().message()};

  child_work work;
  work.executable = plan.executable.c_str();
  work.executable_fd = plan.executable_fd;
  work.arguments = arguments.data();
  work.environment = environment.data();
  work.descriptors = plan.descriptors.data();
  work.descriptor_count = plan.descriptors.size();
  work.lifted = lifted.data();
  for (const inherited_descriptor& descriptor : plan.descriptors)
    work.highest_target = std::max(work.highest_target, descriptor.target);
  if (plan.run_as) work.run_as = &*plan.run_as;
  work.raise_open_files = plan.raise_open_files;
  if (plan.nice) work.nice = &*plan.nice;
  std::optional<lowered_priority> lowered;
  if (plan.lower_priority) {
    lowered = lower_priority(plan.nice);
    work.nice = &lowered->lower;
  }
  const std::string oom_score = plan.oom_score ? std::to_string(*plan.oom_score) : std::string();
  if (plan.oom_score) work.oom_score = oom_score.data();
  work.oom_score_length = oom_score.size();
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  for (const int cpu : plan.cpus)
    if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_SET(static_cast<std::size_t>(cpu), &cpus);
  if (!plan.cpus.empty()) work.cpus = &cpus;
  work.cpus_size = sizeof cpus;
  work.no_new_privileges = plan.no_new_privileges;
  if (!plan.working_directory.empty()) work.working_directory = plan.working_directory.c_str();
  work.pid_digits = pid_digits.data();
  work.pid_count = pid_digits.size();
  work.parent_death_signal = plan.parent_death_signal;
  work.parent = ::getpid();
  work.report = block.report();

  int pidfd = -1;
  pid_t pid = -1;
  int clone_error = 0;
  if (plan.yielding) give_way();  // the kernel's part of making a process is long, too
  {
    const signals_blocked guard;
    // By the child itself it would come too late: its first turn is already laid out when it runs.
    std::optional<long_slices> inherited;
    if (plan.yielding) inherited.emplace();
    pid = ::clone(&run_child, block.stack_top(), address_space_flag | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
                  &work, &pidfd);
    if (pid < 0) clone_error = errno;
  }
  if (pid < 0) {
    const error_code ec{clone_error, boost::system::system_category()};
    return {ec, "clone: " + ec.message()};
  }
  unique_fd owned(pidfd);
  if (work.report->stage != nullptr) return collect_failure(plan, *work.report, pid);
  out.pid = pid;
  out.pidfd = std::move(owned);
  out.yields = plan.yielding;
  out.priority = lowered;
  return {};
}

}  // namespace cluster::os
