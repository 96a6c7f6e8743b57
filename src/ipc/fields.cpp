// SPDX-License-Identifier: BSL-1.0
#include "ipc/fields.hpp"

namespace cluster::ipc {
namespace {

constexpr std::size_t max_text = 4096;
constexpr std::size_t prefix = 5;  // tag and length

}  // namespace

std::uint64_t read_number(std::span<const std::byte> data) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < data.size(); ++i) value |= static_cast<std::uint64_t>(data[i]) << (8 * i);
  return value;
}

void field_writer::text(std::uint8_t tag, std::string_view value) { octets(tag, value.substr(0, max_text)); }

void field_writer::octets(std::uint8_t tag, std::string_view value) {
  begin(tag, value.size());
  const auto bytes = std::as_bytes(std::span(value.data(), value.size()));
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

std::uint64_t field::number() const { return value.size() == 8 ? read_number(value) : 0; }

std::string field::text() const { return {reinterpret_cast<const char*>(value.data()), value.size()}; }

bool field_reader::next(field& out) {
  if (rest_.empty()) return false;
  if (rest_.size() < prefix) return ok_ = false;
  const auto length = static_cast<std::size_t>(read_number(rest_.subspan(1, 4)));
  if (length > rest_.size() - prefix) return ok_ = false;
  out.tag = static_cast<std::uint8_t>(rest_[0]);
  out.value = rest_.subspan(prefix, length);
  rest_ = rest_.subspan(prefix + length);
  return true;
}

}  // namespace cluster::ipc
