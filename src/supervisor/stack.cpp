// SPDX-License-Identifier: BSL-1.0
// Where a hung worker stands: asked by a signal before it is ended, so that somebody can find out why.
#include "os/code_names.hpp"
#include "supervisor/impl.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace cluster {
namespace {

constexpr std::size_t calls_shown = 12;

/// Calls that are the same in any program; the interesting ones are above them.
bool is_frame_of_the_loop(const std::string& name) {
  return name.starts_with("boost::asio::detail::scheduler::") ||
         name.starts_with("boost::asio::io_context::");
}

bool alive(os::child& process) {
  pollfd gone{process.pidfd(), POLLIN, 0};
  return ::poll(&gone, 1, 0) == 0;
}

pid_t oldest_thread(const os::statistics_page& page) {
  os::statistics_page::beat oldest;
  for (std::size_t loop = 0; loop < os::statistics_page::loops; ++loop) {
    const auto beat = page.last_beat(loop);
    if (beat.at != 0 && (oldest.at == 0 || beat.at < oldest.at)) oldest = beat;
  }
  return oldest.thread;
}

std::string stack_words(const os::statistics_page& page, pid_t process) {
  const os::code_names names(process);
  std::string text;
  std::size_t shown = 0;
  for (const std::uint64_t address : page.last_stack()) {
    // All but the innermost are where they return to, which may be the next function already.
    const std::string name = names.name(shown == 0 ? address : address - 1);
    if (is_frame_of_the_loop(name) || shown == calls_shown) break;
    text += (shown++ == 0 ? "" : " < ") + name;
  }
  return text;
}

}  // namespace

// It has a moment to answer; one that cannot is found hung all the same.
void supervisor::impl::ask_where(worker_id id, std::chrono::milliseconds stood) {
  worker_process* process = find(id);
  if (process == nullptr) return;
  const pid_t thread = oldest_thread(process->page);
  const int number = process->page.stack_signal();
  const std::uint64_t before = process->page.stacks();
  const pid_t pid = process->child.pid();
  if (number == 0 || thread <= 0 || !alive(process->child) || ::syscall(SYS_tgkill, pid, thread, number) != 0)
    return end_question(id, stood, before);
  auto pause = std::make_shared<boost::asio::steady_timer>(executor, std::chrono::milliseconds(50));
  pause->async_wait([weak = weak_from_this(), pause, id, stood, before](const error_code& ec) {
    const auto self = weak.lock();
    if (!ec && self && self->running) self->end_question(id, stood, before);
  });
}

void supervisor::impl::end_question(worker_id id, std::chrono::milliseconds stood, std::uint64_t before) {
  worker_process* process = find(id);
  // It may turn again by now.
  if (process == nullptr || !dog.has_found(id)) return;
  const pid_t pid = process->child.pid();
  std::string where;
  if (process->page.stacks() != before) where = stack_words(process->page, pid);
  if (where.empty()) {
    const pid_t thread = oldest_thread(process->page);
    const std::string wait = os::kernel_wait_of(pid, thread > 0 ? thread : pid);
    if (!wait.empty()) where = "the kernel's " + wait;
  }
  apply(fleet->hung(id, stood, where, clock::now()));
}

}  // namespace cluster
