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
inline constexpr std::uint32_t protocol_version = 2;
inline constexpr std::size_t header_size = 16;
/// Fits a default socket buffer several times over; larger data travels by memfd.
inline constexpr std::size_t max_message_size = 64 * 1024;

/// Worker: I exist and speak this protocol.
struct hello {
  std::uint32_t protocol = protocol_version;
  worker_id worker;
  std::string library_version;
};
/// Supervisor: who you are, with one descriptor for each listener in the order of the list, and behind them
/// one for the load board, one for the worker's statistics page and one for what TLS needs, if there are
/// such.
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
  bool load_board = false;
  std::string probe;  ///< what an HTTP worker asks itself before it is ready; empty: nothing
  bool statistics = false;
  std::string rendezvous;                        ///< where to look for the next supervisor; empty: nowhere
  std::chrono::milliseconds orphan_timeout{0};   ///< how long
  std::chrono::milliseconds request_timeout{0};  ///< for one request; zero: no limit
  std::chrono::milliseconds heartbeat{0};  ///< how often each event loop shows that it turns; zero: never
  cluster::schedule schedule = cluster::schedule::shared;
  std::uint64_t max_connections = 0;        ///< of this worker; zero: any number
  std::uint64_t max_connections_total = 0;  ///< of all
  std::uint64_t tls = 0;                    ///< size of the memory file with what TLS needs; zero: none
  std::vector<std::string> trusted_proxies;
  std::uint64_t forwarded = 0;  ///< proxy_options::fields
};
/// Worker: the application can serve.
struct ready {};
/// Supervisor: finish and leave within this time. Each descriptor that comes along is a line to a worker
/// that takes connections over (see offer).
struct drain {
  exit_reason reason = exit_reason::requested;
  std::chrono::milliseconds soft{0};       ///< until then connections are kept, from then on announced closed
  std::chrono::milliseconds remaining{0};  ///< until what is left is cut off
};
/// Supervisor to a draining worker: more such lines, as the earlier ones are gone.
struct heirs {};
/// Supervisor: the descriptor is a line from a draining worker; take the connections that it offers.
struct adopt {};
/// Worker: I drain by my own wish (SIGTERM, or the application asked).
struct draining {};
/// Worker: give me a successor.
struct replace_me {
  std::string why;
};
/// Worker: the drain is complete, I leave.
struct done {
  std::uint64_t moved = 0;     ///< connections that other workers took over
  std::uint64_t finished = 0;  ///< requests answered during the drain
};
/// Worker: an exception came out of application code.
struct handler_failure {
  std::string where;
  std::string what;
  std::uint64_t suppressed = 0;  ///< more of them since the last report, not sent one by one
};

/// Worker to worker, with one descriptor: a connection between two requests; with several: as many of them,
/// up to max_offered, numbered on from the first, and none has anything to go with it. Supervisor to worker:
/// one that it has accepted. It stays the sender's until it is taken; a receiver that answers `taken` has not
/// read from it before.
struct offer {
  std::uint64_t number = 0;
  std::string unread;          ///< octets received and not used yet, at most max_unread
  std::string state;           ///< the application's own, at most max_state
  std::uint64_t listener = 0;  ///< the supervisor's: which one it was accepted from, counted from 1
};
struct taken {
  std::uint64_t number = 0;
  std::uint64_t since = 0;  ///< worker to worker: and all that this line offered from that number on; 0: none
};
/// Worker to worker: I cannot take this one, nor others; keep it.
struct declined {
  std::uint64_t number = 0;
};

/// The application's own, between supervisor and worker. What is between two workers passes through the
/// supervisor, which puts the sender in the receiver's place.
struct note {
  enum class kind : std::uint8_t {
    message,
    request,  ///< wants a reply of the same number
    reply,
    taken,  ///< the supervisor has passed a message on
    failed  ///< there is no reply, or the message was not passed on: see `why`
  };
  kind what = kind::message;
  worker_id peer;            ///< sent by a worker: the receiver; sent by the supervisor: the sender
  std::uint64_t number = 0;  ///< of the request, or of a message whose sender waits
  error why = error::not_handled;
  std::uint64_t bulk = 0;  ///< size of the content in a memory file, the last descriptor; 0: it is in `data`
  std::string data;        ///< up to max_note_data
};

/// Supervisor, with one descriptor: a memory file of this size with what TLS needs from now on.
struct tls_material {
  std::uint64_t size = 0;
};

/// Supervisor, with one descriptor each: accept from these, too.
struct listen {
  std::vector<listener> listeners;
};
/// Supervisor: nothing new comes to this one any more; take what waits in it and close it.
struct unlisten {
  std::uint64_t number = 0;
};
/// Worker: what it has done about a listener that came or is to go.
struct listener_answer {
  enum class kind : std::uint8_t {
    taken,    ///< it accepts from it
    refused,  ///< it does not: see `why`
    released  ///< it accepts from it no more, and has closed it
  };
  std::uint64_t number = 0;
  kind what = kind::taken;
  std::string why;
};
/// Most listeners of one cluster: all of them have to fit one welcome.
inline constexpr std::size_t max_listeners = 64;

inline constexpr std::size_t max_note_data = 32 * 1024;
/// As a note's receiver: all other workers.
inline constexpr worker_id everybody{~std::uint64_t{0}};
/// Worker to a supervisor that it has found: who I am, with the descriptors of a welcome, which come back.
struct report {
  std::uint32_t protocol = protocol_version;
  worker_id worker;
  slot_id slot;
  generation_id generation;
  std::string name;
  worker_state state = worker_state::starting;
  std::vector<listener> listeners;
  bool load_board = false;
  bool statistics = false;
  std::uint64_t tls = 0;
};
/// Supervisor: you are one of mine, and this holds from now on (as in a welcome).
struct adopted {
  std::chrono::milliseconds drain_timeout{0};
  std::chrono::milliseconds heartbeat{0};
  std::chrono::milliseconds orphan_timeout{0};
};

inline constexpr std::size_t max_offered = 32;
inline constexpr std::size_t max_unread = 48 * 1024;
inline constexpr std::size_t max_state = 8 * 1024;

using message = std::variant<hello, welcome, ready, drain, heirs, adopt, draining, done, handler_failure,
                             offer, taken, declined, report, adopted, note, replace_me, tls_material, listen,
                             unlisten, listener_answer>;

/// Appends the encoded message to `out`. Strings other than those of offers and notes are cut to 4 KiB, so
/// every message fits; these two fit within the limits above.
void encode(const message& what, std::size_t descriptors, std::vector<std::byte>& out,
            std::uint32_t correlation = 0);

struct decoded {
  bool known = false;  ///< false: a type from the future; skip it
  message what;
  std::uint32_t correlation = 0;
  std::size_t descriptors = 0;  ///< how many must have come along
};

/// protocol_error for anything that no version of this code can have sent.
error_code decode(std::span<const std::byte> data, decoded& out);

}  // namespace cluster::ipc
