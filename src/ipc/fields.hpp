// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cluster::ipc {

/// Writes tagged fields. Little endian whatever the machine.
class field_writer {
 public:
  explicit field_writer(std::vector<std::byte>& out) : out_(out) {}

  void number(std::uint8_t tag, std::uint64_t value) {
    begin(tag, sizeof value);
    raw(value, sizeof value);
  }
  /// Cut to 4 KiB: texts for people are not worth more.
  void text(std::uint8_t tag, std::string_view value);
  void octets(std::uint8_t tag, std::string_view value);
  /// A field that contains fields.
  template <class Write>
  void group(std::uint8_t tag, Write write) {
    begin(tag, 0);
    const std::size_t start = out_.size();
    write(*this);
    const std::uint64_t length = out_.size() - start;
    for (std::size_t i = 0; i < 4; ++i)
      out_[start - 4 + i] = static_cast<std::byte>(length >> (8 * i) & 0xFF);
  }
  void raw(std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) out_.push_back(static_cast<std::byte>(value >> (8 * i) & 0xFF));
  }

 private:
  void begin(std::uint8_t tag, std::size_t length) {
    raw(tag, 1);
    raw(length, 4);
  }

  std::vector<std::byte>& out_;
};

/// One field as it was read; views into the message.
struct field {
  std::uint8_t tag = 0;
  std::span<const std::byte> value;

  /// Zero for a value of another size than ours: an unknown form of the field, so it counts as absent.
  std::uint64_t number() const;
  std::string text() const;
};

/// Reads tagged fields one by one.
class field_reader {
 public:
  explicit field_reader(std::span<const std::byte> data) : rest_(data) {}

  /// False at the end and after a malformed field; ok() tells the two apart.
  bool next(field& out);
  bool ok() const noexcept { return ok_; }

 private:
  std::span<const std::byte> rest_;
  bool ok_ = true;
};

std::uint64_t read_number(std::span<const std::byte> data);

}  // namespace cluster::ipc
