// SPDX-License-Identifier: BSL-1.0
#include "wire/byte_buffer.hpp"

#include <algorithm>

namespace cluster::wire {

void byte_buffer::make_room(std::size_t n) {
  const std::size_t held = size();
  if (capacity_ - held >= n && begin_ >= held) {  // enough in front, and moving there is cheap
    std::memcpy(data_.get(), data_.get() + begin_, held);
  } else {
    const std::size_t grown = std::max({held + n, capacity_ * 2, std::size_t{512}});
    std::unique_ptr<char[]> bigger(new char[grown]);
    if (held != 0) std::memcpy(bigger.get(), data_.get() + begin_, held);
    data_ = std::move(bigger);
    capacity_ = grown;
  }
  begin_ = 0;
  end_ = held;
}

}  // namespace cluster::wire
