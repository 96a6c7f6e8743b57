// SPDX-License-Identifier: BSL-1.0
#include "wire/frame_fence.hpp"

#include "wire/close_code.hpp"

#include <algorithm>

namespace cluster::wire {
namespace {

constexpr unsigned close_opcode = 8;

}  // namespace

// Looks at the header of the frame at the front. False until enough of it is there; of a control frame, all.
bool frame_fence::begin_frame() {
  const std::size_t there = held_.size() - begin_;
  const auto at = [this](std::size_t i) { return static_cast<unsigned char>(held_[begin_ + i]); };
  if (there < 2) return false;
  const bool final = (at(0) & 0x80U) != 0;
  const unsigned opcode = at(0) & 0x0fU;
  const bool masked = (at(1) & 0x80U) != 0;
  std::uint64_t length = at(1) & 0x7fU;
  std::size_t header = 2;
  if (length >= 126) {
    const std::size_t octets = length == 126 ? 2 : 8;
    header += octets;
    if (there < header) return false;
    length = 0;
    for (std::size_t i = 0; i < octets; ++i) length = length << 8U | at(2 + i);
  }
  if (masked) header += 4;
  if (there < header) return false;
  // Beyond this the reader behind refuses anyway; kept from overflowing here.
  length = std::min<std::uint64_t>(length, std::uint64_t{1} << 62U);

  const bool control = (opcode & 8U) != 0;
  if (control) {
    constexpr std::uint64_t longest = 125;
    if (length <= longest && there < header + length) return false;
    close_seen_ = close_seen_ || opcode == close_opcode;
    if (opcode == close_opcode && length >= 2 && length <= longest) {
      const std::size_t mask = begin_ + header - 4;
      const std::size_t code = begin_ + header;
      const auto key = [&](std::size_t i) {
        return masked ? static_cast<unsigned char>(held_[mask + i]) : 0U;
      };
      const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(held_[code + i]) ^ key(i); };
      if (!may_be_sent(octet(0) << 8U | octet(1))) {
        held_[code] = static_cast<char>(static_cast<unsigned char>((protocol_error >> 8U) ^ key(0)));
        held_[code + 1] = static_cast<char>(static_cast<unsigned char>((protocol_error & 0xffU) ^ key(1)));
      }
    }
  } else {
    fragments_ = in_message_ ? fragments_ + 1 : 1;
    if (too_many()) return false;
    in_message_ = !final;
  }
  frame_left_ = header + length;
  return true;
}

std::size_t frame_fence::take(char* to, std::size_t room) {
  if (too_many() || (frame_left_ == 0 && !begin_frame())) return 0;
  const std::size_t n =
      static_cast<std::size_t>(std::min<std::uint64_t>({frame_left_, held_.size() - begin_, room}));
  held_.copy(to, n, begin_);
  begin_ += n;
  frame_left_ -= n;
  if (begin_ == held_.size()) {
    held_.clear();
    begin_ = 0;
  } else if (begin_ >= 64 * 1024) {
    held_.erase(0, begin_);
    begin_ = 0;
  }
  return n;
}

}  // namespace cluster::wire
