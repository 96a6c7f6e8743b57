// SPDX-License-Identifier: BSL-1.0
// One datagram on a channel. What is accepted makes sense, and means the same after it was encoded again.
#include "ipc/message.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace cluster;

namespace {

using octets = std::vector<std::byte>;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

octets encoded(const ipc::decoded& from) {
  octets data;
  ipc::encode(from.what, from.descriptors, data, from.correlation);
  return data;
}

struct sense {
  template <class Body>
  void operator()(const Body&) const {}
  void operator()(const ipc::drain& m) const {
    require(m.reason <= exit_reason::orphaned, "an unknown reason");
    require(m.soft.count() >= 0 && m.remaining.count() >= 0, "a negative time");
    require(m.remaining <= std::chrono::hours(24 * 366), "a time beyond the limit");
  }
  void operator()(const ipc::welcome& m) const {
    require(m.level <= log_level::off, "an unknown level");
    require(m.format <= log_format::json, "an unknown format");
    require(m.drain_timeout.count() >= 0, "a negative time");
    require(m.listeners.size() <= 64, "too many listeners");
    for (const listener& each : m.listeners) {
      require(each.kind <= listener::family::unix_socket, "an unknown family");
      require(each.native_handle == -1, "a descriptor out of nowhere");
    }
  }
};

void decode_one(const octets& data) {
  ipc::decoded first;
  const error_code ec = ipc::decode(data, first);
  if (ec) {
    require(ec == error::protocol_error || ec == error::protocol_version, "another error");
    return;
  }
  require(first.descriptors <= 255, "too many descriptors");
  if (!first.known) return;
  std::visit(sense{}, first.what);
  const octets again = encoded(first);
  ipc::decoded second;
  require(!ipc::decode(again, second), "what was accepted cannot be sent");
  require(second.known && second.what.index() == first.what.index(), "another type");
  require(encoded(second) == again, "another meaning");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size > ipc::max_message_size) return 0;
  octets data(size);
  for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<std::byte>(input[i]);
  decode_one(data);
  // Once more with a length that fits, or most inputs would never get behind the header.
  if (size < ipc::header_size) return 0;
  for (std::size_t i = 0; i < 4; ++i)
    data[12 + i] = static_cast<std::byte>((size - ipc::header_size) >> (8 * i) & 0xFF);
  decode_one(data);
  return 0;
}
