// SPDX-License-Identifier: BSL-1.0
#include "os/statistics_page.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <utility>

namespace cluster::os {
namespace {

using counter = std::atomic<std::uint64_t>;
static_assert(counter::is_always_lock_free, "shared between processes");

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t page_size = 4096;
// A page of a build that did not count by route ends there.
constexpr std::size_t whole_size = 3 * page_size;

// One writer: no locked instruction is needed to add.
void add(counter& to, std::uint64_t what) noexcept { to.store(to.load(relaxed) + what, relaxed); }

std::chrono::nanoseconds nanoseconds(const counter& from) noexcept {
  // Whatever was written, it is a time, two years at most: sums of them stay numbers.
  constexpr std::uint64_t most = std::uint64_t{1} << 56;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(from.load(relaxed), most)));
}

/// One of the two that there are.
std::size_t size_of(const unique_fd& fd) noexcept {
  struct stat info {};
  const bool short_one = ::fstat(fd.get(), &info) == 0 && info.st_size == off_t{page_size};
  return short_one ? page_size : whole_size;
}

std::uint64_t monotonic_now() noexcept {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

}  // namespace

// Never change what a place means: supervisor and worker may be of different builds. Add at the end.
struct statistics_page::layout {
  struct loop {
    counter at;
    counter thread;
    counter cpu;
  };
  loop signs[loops];
  alignas(64) counter connections;
  counter accepted;
  counter requests;
  counter errors;
  counter bytes_received;
  counter bytes_sent;
  counter busy;
  alignas(64) counter latency_sum;
  counter latency[latency_histogram::size];
  alignas(64) counter stack_signal;
  counter stacks;
  counter stack_size;
  counter stack[stack_depth];
  counter route_count;
};

/// Behind the first page, so that a worker without routes never touches another one.
struct statistics_page::route {
  counter name[route_name / sizeof(std::uint64_t)];
  counter answers[5];
  counter timed;
  counter time;
};

statistics_page::layout* statistics_page::mapped() const noexcept {
  return static_cast<layout*>(page_.data());
}

statistics_page::route* statistics_page::mapped_routes() const noexcept {
  if (mapped() == nullptr || page_.size() < whole_size) return nullptr;
  return reinterpret_cast<route*>(static_cast<char*>(page_.data()) + page_size);
}

failure statistics_page::create() {
  static_assert(sizeof(layout) <= page_size);
  static_assert(page_size + routes * sizeof(route) <= whole_size);
  return page_.create("cluster-statistics", whole_size, sealed_page::access::read);
}

failure statistics_page::attach(unique_fd fd) {
  const std::size_t size = size_of(fd);
  return page_.attach(std::move(fd), size, sealed_page::access::read_write);
}

failure statistics_page::adopt(unique_fd fd) {
  const std::size_t size = size_of(fd);
  return page_.attach(std::move(fd), size, sealed_page::access::read);
}

void statistics_page::count(const traffic& now) noexcept {
  if (mapped() == nullptr) return;
  layout& to = *mapped();
  to.connections.store(now.connections, relaxed);
  to.accepted.store(now.accepted, relaxed);
  to.requests.store(now.requests, relaxed);
  to.errors.store(now.errors, relaxed);
  to.bytes_received.store(now.bytes_received, relaxed);
  to.bytes_sent.store(now.bytes_sent, relaxed);
  to.busy.store(static_cast<std::uint64_t>(now.busy.count()), relaxed);
}

void statistics_page::add_latency(std::chrono::nanoseconds time, std::uint64_t requests) noexcept {
  if (mapped() == nullptr) return;
  add(mapped()->latency[latency_histogram::bucket_of(time)], requests);
  add(mapped()->latency_sum, static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)) * requests);
}

void statistics_page::name_routes(const std::vector<std::string>& names) noexcept {
  route* const to = mapped_routes();
  if (to == nullptr) return;
  const std::size_t count = std::min(names.size(), routes);
  for (std::size_t i = 0; i < count; ++i) {
    std::array<std::uint64_t, route_name / sizeof(std::uint64_t)> words{};
    std::memcpy(words.data(), names[i].data(), std::min(names[i].size(), route_name));
    for (std::size_t word = 0; word < words.size(); ++word) to[i].name[word].store(words[word], relaxed);
  }
  mapped()->route_count.store(count, std::memory_order_release);
}

void statistics_page::count_route(std::size_t which, const route_numbers& now) noexcept {
  route* const to = mapped_routes();
  if (to == nullptr || which >= routes) return;
  for (std::size_t i = 0; i < now.answers.size(); ++i) to[which].answers[i].store(now.answers[i], relaxed);
  to[which].timed.store(now.timed, relaxed);
  to[which].time.store(static_cast<std::uint64_t>(now.time.count()), relaxed);
}

void statistics_page::show_life(std::size_t loop, const beat& sign, std::chrono::nanoseconds cpu) noexcept {
  if (mapped() == nullptr || loop >= loops) return;
  layout::loop& to = mapped()->signs[loop];
  to.thread.store(static_cast<std::uint64_t>(sign.thread), relaxed);
  to.cpu.store(static_cast<std::uint64_t>(cpu.count()), relaxed);
  to.at.store(sign.at, relaxed);
}

statistics_page::beat statistics_page::last_beat(std::size_t loop) const noexcept {
  if (mapped() == nullptr || loop >= loops) return {};
  const layout::loop& from = mapped()->signs[loop];
  return {from.at.load(relaxed), static_cast<pid_t>(from.thread.load(relaxed))};
}

void statistics_page::answer_stack_requests(int signal) noexcept {
  layout* const to = mapped();
  if (to != nullptr) to->stack_signal.store(static_cast<std::uint64_t>(signal), relaxed);
}

void statistics_page::show_stack(const std::uintptr_t* calls, std::size_t count) noexcept {
  layout* const to = mapped();
  if (to == nullptr) return;
  count = std::min(count, stack_depth);
  for (std::size_t i = 0; i < count; ++i) to->stack[i].store(calls[i], relaxed);
  to->stack_size.store(count, relaxed);
  to->stacks.fetch_add(1, std::memory_order_release);
}

int statistics_page::stack_signal() const noexcept {
  const layout* const to = mapped();
  const std::uint64_t counter = to == nullptr ? 0 : to->stack_signal.load(relaxed);
  // Only one that nobody else gives a meaning to: it is the worker's word.
  const bool fine =
      counter >= static_cast<std::uint64_t>(SIGRTMIN) && counter <= static_cast<std::uint64_t>(SIGRTMAX);
  return fine ? static_cast<int>(counter) : 0;
}

std::uint64_t statistics_page::stacks() const noexcept {
  const layout* const to = mapped();
  return to == nullptr ? 0 : to->stacks.load(std::memory_order_acquire);
}

std::vector<std::uint64_t> statistics_page::last_stack() const {
  const layout* const to = mapped();
  std::vector<std::uint64_t> result;
  if (to == nullptr) return result;
  const auto size = std::min<std::uint64_t>(to->stack_size.load(relaxed), stack_depth);
  for (std::size_t i = 0; i < size; ++i) result.push_back(to->stack[i].load(relaxed));
  return result;
}

std::uint64_t statistics_page::requests() const noexcept {
  return mapped() == nullptr ? 0 : mapped()->requests.load(relaxed);
}

std::vector<route_traffic> statistics_page::read_routes() const {
  std::vector<route_traffic> result;
  const route* const from = mapped_routes();
  if (from == nullptr) return result;
  const auto count = std::min<std::uint64_t>(mapped()->route_count.load(std::memory_order_acquire), routes);
  result.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::array<char, route_name + 1> name{};
    for (std::size_t word = 0; word < std::size(from[i].name); ++word) {
      const std::uint64_t value = from[i].name[word].load(relaxed);
      std::memcpy(name.data() + word * sizeof value, &value, sizeof value);
    }
    route_traffic& one = result.emplace_back();
    one.route = name.data();
    for (char& c : one.route)
      if (c < 0x20 || c > 0x7e) c = '?';
    for (std::size_t code = 0; code < one.answers.size(); ++code)
      one.answers[code] = from[i].answers[code].load(relaxed);
    one.timed = from[i].timed.load(relaxed);
    one.time = nanoseconds(from[i].time);
  }
  return result;
}

worker_statistics statistics_page::read() const noexcept {
  worker_statistics result;
  if (mapped() == nullptr) return result;
  const layout& from = *mapped();
  result.connections = from.connections.load(relaxed);
  result.accepted = from.accepted.load(relaxed);
  result.requests = from.requests.load(relaxed);
  result.errors = from.errors.load(relaxed);
  result.bytes_received = from.bytes_received.load(relaxed);
  result.bytes_sent = from.bytes_sent.load(relaxed);
  std::chrono::nanoseconds cpu{0};
  std::uint64_t oldest = 0;
  for (const layout::loop& each : from.signs) {
    cpu += nanoseconds(each.cpu);
    const std::uint64_t at = each.at.load(relaxed);
    if (at != 0) oldest = oldest == 0 ? at : std::min(oldest, at);
  }
  // A handler that waits without a CPU is busy too; only the server itself can see that.
  result.busy = std::max(nanoseconds(from.busy), cpu);
  result.latency.sum = nanoseconds(from.latency_sum);
  for (std::size_t i = 0; i < latency_histogram::size; ++i)
    result.latency.counts[i] = from.latency[i].load(relaxed);
  if (const std::uint64_t now = monotonic_now(); oldest != 0)
    result.heartbeat_age = std::chrono::milliseconds(now > oldest ? (now - oldest) / 1'000'000 : 0);
  return result;
}

}  // namespace cluster::os
