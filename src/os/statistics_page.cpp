// SPDX-License-Identifier: BSL-1.0
#include "os/statistics_page.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

statistics_page::statistics_page(statistics_page&& other) noexcept
    : fd_(std::move(other.fd_)), layout_(std::exchange(other.layout_, nullptr)) {}

statistics_page& statistics_page::operator=(statistics_page&& other) noexcept {
  if (this == &other) return *this;
  unmap();
  fd_ = std::move(other.fd_);
  layout_ = std::exchange(other.layout_, nullptr);
  return *this;
}

statistics_page::~statistics_page() { unmap(); }

void statistics_page::unmap() noexcept {
  if (layout_ != nullptr) ::munmap(layout_, page_size);
  layout_ = nullptr;
}

failure statistics_page::map(int protection) {
  static_assert(sizeof(layout) <= page_size);
  unmap();
  void* memory = ::mmap(nullptr, page_size, protection, MAP_SHARED, fd_.get(), 0);
  if (memory == MAP_FAILED) return {last_error(), "statistics page: " + last_error().message()};
  layout_ = static_cast<layout*>(memory);
  return {};
}

failure statistics_page::create() {
  fd_.reset(::memfd_create("cluster-statistics", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd_ || ::ftruncate(fd_.get(), static_cast<off_t>(page_size)) != 0 ||
      ::fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return {last_error(), "statistics page: " + last_error().message()};
  return map(PROT_READ);
}

failure statistics_page::attach(unique_fd fd) { return take(std::move(fd), PROT_READ | PROT_WRITE); }
failure statistics_page::adopt(unique_fd fd) { return take(std::move(fd), PROT_READ); }

failure statistics_page::take(unique_fd fd, int protection) {
  struct stat info {};
  // Without the seals, whoever holds it could shrink it under us, and reading would be a SIGBUS.
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  if (::fstat(fd.get(), &info) != 0 || info.st_size != static_cast<off_t>(page_size) || seals < 0 ||
      (seals & F_SEAL_SHRINK) == 0)
    return {make_error_code(error::protocol_error), "statistics page: not a sealed page of the right size"};
  fd_ = std::move(fd);
  return map(protection);
}

void statistics_page::count(const traffic& now) noexcept {
  if (layout_ == nullptr) return;
  layout& to = *layout_;
  to.connections.store(now.connections, relaxed);
  to.accepted.store(now.accepted, relaxed);
  to.requests.store(now.requests, relaxed);
  to.errors.store(now.errors, relaxed);
  to.bytes_received.store(now.bytes_received, relaxed);
  to.bytes_sent.store(now.bytes_sent, relaxed);
  to.busy.store(static_cast<std::uint64_t>(now.busy.count()), relaxed);
}

void statistics_page::add_latency(std::chrono::nanoseconds time, std::uint64_t requests) noexcept {
  if (layout_ == nullptr) return;
  add(layout_->latency[latency_histogram::bucket_of(time)], requests);
  add(layout_->latency_sum, static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)) * requests);
}

void statistics_page::show_life(std::size_t loop, const beat& sign, std::chrono::nanoseconds cpu) noexcept {
  if (layout_ == nullptr || loop >= loops) return;
  layout::loop& to = layout_->signs[loop];
  to.thread.store(static_cast<std::uint64_t>(sign.thread), relaxed);
  to.cpu.store(static_cast<std::uint64_t>(cpu.count()), relaxed);
  to.at.store(sign.at, relaxed);
}

statistics_page::beat statistics_page::last_beat(std::size_t loop) const noexcept {
  if (layout_ == nullptr || loop >= loops) return {};
  const layout::loop& from = layout_->signs[loop];
  return {from.at.load(relaxed), static_cast<pid_t>(from.thread.load(relaxed))};
}

std::uint64_t statistics_page::requests() const noexcept {
  return layout_ == nullptr ? 0 : layout_->requests.load(relaxed);
}

worker_statistics statistics_page::read() const noexcept {
  worker_statistics result;
  if (layout_ == nullptr) return result;
  const layout& from = *layout_;
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
