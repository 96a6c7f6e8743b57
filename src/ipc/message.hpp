// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/error.hpp>
#include <cluster/listener.hpp>
#include <cluster/log.hpp>
#include <cluster/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

/// The protocol between supervisor and worker: one message a datagram.
///
/// Header (16 bytes, little endian): magic 'C' 'L', framing version, number of descriptors that travel
/// with the message, type (16 bit), reserved (16 bit), correlation id (32 bit), length of the body
/// (32 bit). Body: fields, each a tag (8 bit), a length (32 bit) and that many bytes. Unknown types and
/// unknown tags are skipped, so two generations of a program can talk to each other.
namespace cluster::ipc {

inline constexpr std::uint8_t framing_version = 1;
/// What hello and welcome agree on; a peer with another number is refused.
inline constexpr std::uint32_t protocol_version = 1;
inline constexpr std::size_t header_size = 16;
/// Fits a default socket buffer several times over; larger data travels by memfd.
inline constexpr std::size_t max_message_size = 64 * 1024;

/// Worker: I exist and speak this protocol.
struct hello {
  std::uint32_t protocol = protocol_version;
  worker_id worker;
  std::string library_version;
};
/// Supervisor: who you are, with one descriptor for each listener in the order of the list.
struct welcome {
  std::uint32_t protocol = protocol_version;
  worker_id worker;
  slot_id slot;
  generation_id generation;
  std::string name;
  log_level level = log_level::info;
  log_format format = log_format::text;
  std::chrono::milliseconds drain_timeout{0};
  std::vector<listener> listeners;  ///< native_handle is not sent
};
/// Worker: the application can serve.
struct ready {};
/// Supervisor: finish and leave within this time.
struct drain {
  exit_reason reason = exit_reason::requested;
  std::chrono::milliseconds remaining{0};
};
/// Worker: I drain by my own wish (SIGTERM, or the application asked).
struct draining {};
/// Worker: the drain is complete, I leave.
struct done {};
/// Worker: an exception came out of application code.
struct handler_failure {
  std::string where;
  std::string what;
  std::uint64_t suppressed = 0;  ///< more of them since the last report, not sent one by one
};

using message = std::variant<hello, welcome, ready, drain, draining, done, handler_failure>;

/// Appends the encoded message to `out`. Strings are cut to 4 KiB each, so every message fits.
void encode(const message& what, std::size_t descriptors, std::vector<std::byte>& out,
            std::uint32_t correlation = 0);

struct decoded {
  bool known = false;             ///< false: a type from the future; skip it
  message what;
  std::uint32_t correlation = 0;
  std::size_t descriptors = 0;    ///< how many must have come along
};

/// protocol_error for anything that no version of this code can have sent.
error_code decode(std::span<const std::byte> data, decoded& out);

}  // namespace cluster::ipc
