// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cluster::wire {

/// Follows the frames that a WebSocket client sends (RFC 6455 5.2) without decoding them: lets octets out
/// only up to the end of one frame at a time, so that whoever reads behind it never holds octets of the next
/// one, and knows where between two messages is.
///
/// Checks little: what is wrong with a frame is found by the reader behind it. Two things it does see to: a
/// message of too many fragments, and close codes that must not be on the wire (RFC 6455 7.4), which become
/// 1002.
class frame_fence {
 public:
  /// Frames of one message at most.
  explicit frame_fence(std::uint64_t most_fragments = 16384) noexcept : most_fragments_(most_fragments) {}

  void append(std::string_view octets) { held_.append(octets); }

  /// Takes up to `room` octets of the current frame off, to `to`; 0: nothing can go on yet.
  std::size_t take(char* to, std::size_t room);

  /// Neither in a frame nor in a message of several: what is held belongs to messages of the future.
  bool at_boundary() const noexcept { return frame_left_ == 0 && !in_message_; }
  /// Octets that were not let out.
  std::string_view held() const noexcept { return std::string_view(held_).substr(begin_); }
  /// A close frame has come: nothing behind it counts.
  bool close_seen() const noexcept { return close_seen_; }
  /// A message had more fragments than it may have; nothing comes out any more.
  bool too_many() const noexcept { return fragments_ > most_fragments_; }

 private:
  bool begin_frame();

  std::string held_;
  std::size_t begin_ = 0;
  std::uint64_t most_fragments_;
  std::uint64_t frame_left_ = 0;  // octets of the current frame, header included
  std::uint64_t fragments_ = 0;
  bool in_message_ = false;
  bool close_seen_ = false;
};

}  // namespace cluster::wire
