// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

namespace cluster::control {

/// The last entries of something that never ends, bounded in number and octets. An entry has a `sequence`,
/// which counts up by one, and a size(). Readers keep a cursor, the sequence that they saw last, so any
/// number of them, however slow, costs nothing here.
template <class Entry>
class ring {
 public:
  ring(std::size_t most_entries, std::size_t most_bytes)
      : most_entries_(most_entries), most_bytes_(most_bytes) {}

  /// An entry larger than all that may be kept is kept alone.
  void push(Entry entry) {
    bytes_ += entry.size();
    entries_.push_back(std::move(entry));
    while (entries_.size() > 1 && (entries_.size() > most_entries_ || bytes_ > most_bytes_)) {
      bytes_ -= entries_.front().size();
      entries_.pop_front();
    }
  }

  /// The entry behind `cursor`, or null if there is none yet. `missed` becomes the number of entries in
  /// between that are kept no more.
  const Entry* next(std::uint64_t cursor, std::uint64_t& missed) const {
    missed = 0;
    if (entries_.empty() || cursor >= entries_.back().sequence) return nullptr;
    const std::uint64_t first = entries_.front().sequence;
    if (cursor + 1 >= first) return &entries_[static_cast<std::size_t>(cursor + 1 - first)];
    missed = first - cursor - 1;
    return &entries_.front();
  }

  /// The sequence of the newest entry; 0 if there was none.
  std::uint64_t last() const { return entries_.empty() ? 0 : entries_.back().sequence; }
  /// One less than the sequence of the oldest: a cursor that misses nothing of what is kept.
  std::uint64_t before_first() const { return entries_.empty() ? 0 : entries_.front().sequence - 1; }
  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t most_entries_;
  std::size_t most_bytes_;
  std::size_t bytes_ = 0;
  std::deque<Entry> entries_;
};

}  // namespace cluster::control
