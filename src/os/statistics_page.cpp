// SPDX-License-Identifier: BSL-1.0
#include "os/statistics_page.hpp"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <utility>

namespace cluster::os {
namespace {

using number = std::atomic<std::uint64_t>;
static_assert(number::is_always_lock_free, "shared between processes");

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t page_size = 4096;

// One writer: no locked instruction is needed to add.
void add(number& to, std::uint64_t what) noexcept { to.store(to.load(relaxed) + what, relaxed); }

std::chrono::nanoseconds nanoseconds(const number& from) noexcept {
  // Whatever was written, it is a time, two years at most: sums of them stay numbers.
  constexpr std::uint64_t most = std::uint64_t{1} << 56;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(from.load(relaxed), most)));
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
    number at;
    number thread;
    number cpu;
  };
  loop signs[loops];
  alignas(64) number connections;
  number accepted;
  number requests;
  number errors;
  number bytes_received;
  number bytes_sent;
  number busy;
  alignas(64) number latency_sum;
  number latency[latency_histogram::size];
};

statistics_page::layout* statistics_page::mapped() const noexcept {
  return static_cast<layout*>(page_.data());
}

failure statistics_page::create() {
  static_assert(sizeof(layout) <= page_size);
  return page_.create("cluster-statistics", page_size, sealed_page::access::read);
}

failure statistics_page::attach(unique_fd fd) {
  return page_.attach(std::move(fd), page_size, sealed_page::access::read_write);
}

failure statistics_page::adopt(unique_fd fd) {
  return page_.attach(std::move(fd), page_size, sealed_page::access::read);
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

std::uint64_t statistics_page::requests() const noexcept {
  return mapped() == nullptr ? 0 : mapped()->requests.load(relaxed);
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
