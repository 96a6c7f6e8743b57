// SPDX-License-Identifier: BSL-1.0
#include "os/loop_guard.hpp"

#include <poll.h>
#include <signal.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

namespace cluster::os {
namespace {

using namespace std::chrono_literals;

// What the handler sees. One in a process, as signals are.
struct shared_state {
  std::atomic<int> channel{-1};
  std::atomic<unsigned> looks{0};  ///< that found nobody at the other end, since the loop turned last
  std::atomic<unsigned> most{0};
  std::atomic<statistics_page*> page{nullptr};
};
shared_state state;
timer_t timer;

int number() { return SIGRTMAX - 2; }

bool nobody_there() noexcept {
  const int fd = state.channel.load();
  if (fd < 0) return true;
  pollfd one{fd, 0, 0};
  return ::poll(&one, 1, 0) == 1 && (one.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

// Never waits for whoever reads it.
void say(const char* text, std::size_t length) noexcept {
  pollfd one{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&one, 1, 0) != 1 || (one.revents & POLLOUT) == 0) return;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, length);
}

void look() noexcept {
  if (!nobody_there()) {
    state.looks = 0;
    return;
  }
  if (++state.looks < state.most) return;
  constexpr char line[] = "an event loop stands still and no supervisor has come: this worker ends\n";
  say(line, sizeof line - 1);
  ::kill(::getpid(), SIGKILL);
}

std::uintptr_t interrupted_at([[maybe_unused]] void* context) noexcept {
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return static_cast<std::uintptr_t>(static_cast<ucontext_t*>(context)->uc_mcontext.pc);
#else
  return 0;
#endif
}

struct frames_seen {
  std::array<std::uintptr_t, statistics_page::stack_depth + 8> frames;
  std::size_t count = 0;
};

_Unwind_Reason_Code see_frame(_Unwind_Context* frame, void* seen) {
  auto& all = *static_cast<frames_seen*>(seen);
  all.frames[all.count++] = _Unwind_GetIP(frame);
  return all.count == all.frames.size() ? _URC_END_OF_STACK : _URC_NO_REASON;
}

// By the unwinder itself: backtrace() loads something at its first call, which a handler must not and which
// at each start of a worker would cost it some hundred kilobytes.
void write_stack_down(void* context) noexcept {
  statistics_page* page = state.page;
  if (page == nullptr) return;
  frames_seen seen;
  _Unwind_Backtrace(see_frame, &seen);
  // Less the frames of this handler.
  const auto end = seen.frames.begin() + static_cast<std::ptrdiff_t>(seen.count);
  auto first = std::find(seen.frames.begin(), end, interrupted_at(context));
  if (first == end) first = seen.frames.begin();
  page->show_stack(&*first, static_cast<std::size_t>(end - first));
}

void handle(int, siginfo_t* info, void* context) {
  const int before = errno;
  if (info->si_code == SI_TIMER) look();
  else write_stack_down(context);
  errno = before;
}

}  // namespace

failure loop_guard::start(std::shared_ptr<statistics_page> page, std::chrono::milliseconds limit,
                          std::chrono::milliseconds beat) {
  const auto refuse = [](const char* what) { return failure{last_error(), what + last_error().message()}; };
  struct sigaction now {};
  if (::sigaction(number(), nullptr, &now) != 0) return refuse("loop guard: ");
  const bool ours = (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == handle;
  if ((!ours && now.sa_handler != SIG_DFL) || state.page != nullptr) {
    errno = EBUSY;
    return refuse("loop guard: its signal is in use: ");
  }
  struct sigaction mine {};
  mine.sa_sigaction = handle;
  mine.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigevent how{};
  how.sigev_notify = SIGEV_SIGNAL;
  how.sigev_signo = number();
  if (::sigaction(number(), &mine, nullptr) != 0) return refuse("loop guard: ");
  if (::timer_create(CLOCK_MONOTONIC, &how, &timer) != 0) {
    failure failed = refuse("loop guard: ");
    ::signal(number(), SIG_DFL);
    return failed;
  }
  page_ = std::move(page);
  state.page = page_.get();
  page_->answer_stack_requests(number());
  change(limit, beat);
  return {};
}

void loop_guard::watch_channel(int fd) noexcept { state.channel = fd; }

void loop_guard::change(std::chrono::milliseconds limit, std::chrono::milliseconds beat) noexcept {
  if (page_ == nullptr) return;
  step_ = std::clamp<std::chrono::nanoseconds>(limit / 8, 20ms, 5s);
  first_ = 2 * step_ + 2 * beat;
  state.most = static_cast<unsigned>(std::max<std::int64_t>(limit / step_, 1));
  arm();
}

void loop_guard::turned() noexcept {
  if (page_ == nullptr) return;
  state.looks = 0;
  if (std::chrono::steady_clock::now() - armed_ >= step_) arm();
}

void loop_guard::arm() noexcept {
  const auto split = [](std::chrono::nanoseconds time) {
    return timespec{static_cast<time_t>(time / 1s), static_cast<long>((time % 1s).count())};
  };
  const itimerspec times{split(step_), split(first_)};
  ::timer_settime(timer, 0, &times, nullptr);
  armed_ = std::chrono::steady_clock::now();
}

void loop_guard::stop() noexcept {
  if (page_ == nullptr) return;
  page_->answer_stack_requests(0);
  ::timer_delete(timer);
  state.page = nullptr;
  // The handler stays: a request may be on its way, and its default effect would be the end.
  page_.reset();
}

}  // namespace cluster::os
