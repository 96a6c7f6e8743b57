// SPDX-License-Identifier: BSL-1.0
#include "ipc/fields.hpp"
#include "ipc/message.hpp"
#include "ipc/message_numbers.hpp"

#include <algorithm>
#include <limits>

namespace cluster::ipc {
namespace {

constexpr std::size_t most_proxies = 64;

// A number beyond the enumeration's last value is from the future: the fallback stands in.
template <class Enum>
Enum bounded(const field& from, Enum last, Enum fallback) {
  const std::uint64_t value = from.number();
  return value <= static_cast<std::uint64_t>(last) ? static_cast<Enum>(value) : fallback;
}

// Never cut to its low bits, or some other protocol would pass for ours.
std::uint32_t protocol_number(const field& from) {
  constexpr std::uint64_t limit = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::min(from.number(), limit));
}

std::chrono::milliseconds duration(const field& from) {
  constexpr std::uint64_t limit = 366ull * 24 * 3'600'000;
  return std::chrono::milliseconds{static_cast<std::int64_t>(std::min(from.number(), limit))};
}

void read(const field& f, hello& out) {
  if (f.tag == tag_protocol) out.protocol = protocol_number(f);
  if (f.tag == tag_worker) out.worker.value = f.number();
  if (f.tag == tag_library_version) out.library_version = f.text();
}

bool read_listener(const field& group, listener& out) {
  field_reader fields(group.value);
  for (field f; fields.next(f);) {
    if (f.tag == tag_name) out.name = f.text();
    if (f.tag == tag_uri) out.uri = f.text();
    if (f.tag == tag_family) out.kind = bounded(f, listener::family::unix_socket, listener::family::tcp);
    if (f.tag == tag_tls) out.tls = f.number() != 0;
    if (f.tag == tag_proxy) out.proxy = f.number() != 0;
    if (f.tag == tag_listener_number) out.number = f.number();
    if (f.tag == tag_inherited) out.inherited = f.number() != 0;
    if (f.tag == tag_port) {
      if (f.number() > std::numeric_limits<std::uint16_t>::max()) return false;
      out.port = static_cast<std::uint16_t>(f.number());
    }
  }
  return fields.ok();
}

bool add_listener(const field& group, std::vector<listener>& all) {
  return all.size() < max_listeners && read_listener(group, all.emplace_back());
}

void read(const field& f, welcome& out, bool& ok) {
  if (f.tag == tag_protocol) out.protocol = protocol_number(f);
  if (f.tag == tag_worker) out.worker.value = f.number();
  if (f.tag == tag_slot) out.slot.value = f.number();
  if (f.tag == tag_generation) out.generation.value = f.number();
  if (f.tag == tag_name) out.name = f.text();
  if (f.tag == tag_log_level) out.level = bounded(f, log_level::off, log_level::info);
  if (f.tag == tag_log_format) out.format = bounded(f, log_format::json, log_format::text);
  if (f.tag == tag_drain_timeout) out.drain_timeout = duration(f);
  if (f.tag == tag_load_board) out.load_board = f.number() != 0;
  if (f.tag == tag_probe) out.probe = f.text();
  if (f.tag == tag_statistics) out.statistics = f.number() != 0;
  if (f.tag == tag_heartbeat) out.heartbeat = duration(f);
  if (f.tag == tag_rendezvous) out.rendezvous = f.text();
  if (f.tag == tag_orphan_timeout) out.orphan_timeout = duration(f);
  if (f.tag == tag_request_timeout) out.request_timeout = duration(f);
  if (f.tag == tag_schedule) out.schedule = bounded(f, schedule::reuse_port, schedule::shared);
  if (f.tag == tag_max_connections) out.max_connections = f.number();
  if (f.tag == tag_max_connections_total) out.max_connections_total = f.number();
  if (f.tag == tag_tls) out.tls = f.number();
  if (f.tag == tag_forwarded) out.forwarded = f.number();
  if (f.tag == tag_trusted_proxy) {
    ok = ok && out.trusted_proxies.size() < most_proxies;
    if (ok) out.trusted_proxies.push_back(f.text());
  }
  if (f.tag == tag_listener) ok = ok && add_listener(f, out.listeners);
}

void read(const field& f, report& out, bool& ok) {
  if (f.tag == tag_protocol) out.protocol = protocol_number(f);
  if (f.tag == tag_worker) out.worker.value = f.number();
  if (f.tag == tag_slot) out.slot.value = f.number();
  if (f.tag == tag_generation) out.generation.value = f.number();
  if (f.tag == tag_name) out.name = f.text();
  if (f.tag == tag_worker_state) out.state = bounded(f, worker_state::exited, worker_state::exited);
  if (f.tag == tag_load_board) out.load_board = f.number() != 0;
  if (f.tag == tag_statistics) out.statistics = f.number() != 0;
  if (f.tag == tag_tls) out.tls = f.number();
  if (f.tag == tag_listener) ok = ok && add_listener(f, out.listeners);
}

void read(const field& f, listen& out, bool& ok) {
  if (f.tag == tag_listener) ok = ok && add_listener(f, out.listeners);
}

void read(const field& f, unlisten& out) {
  if (f.tag == tag_listener_number) out.number = f.number();
}

void read(const field& f, listener_answer& out) {
  if (f.tag == tag_listener_number) out.number = f.number();
  if (f.tag == tag_answer)
    out.what = bounded(f, listener_answer::kind::released, listener_answer::kind::refused);
  if (f.tag == tag_what) out.why = f.text();
}

void read(const field& f, adopted& out) {
  if (f.tag == tag_drain_timeout) out.drain_timeout = duration(f);
  if (f.tag == tag_heartbeat) out.heartbeat = duration(f);
  if (f.tag == tag_orphan_timeout) out.orphan_timeout = duration(f);
}

void read(const field& f, drain& out) {
  if (f.tag == tag_reason) out.reason = bounded(f, exit_reason::orphaned, exit_reason::requested);
  if (f.tag == tag_soft) out.soft = duration(f);
  if (f.tag == tag_remaining) out.remaining = duration(f);
}

void read(const field& f, done& out) {
  if (f.tag == tag_moved) out.moved = f.number();
  if (f.tag == tag_finished) out.finished = f.number();
}

void read(const field& f, offer& out) {
  if (f.tag == tag_number) out.number = f.number();
  if (f.tag == tag_accepted_from) out.listener = f.number();
  if (f.tag == tag_unread) out.unread = f.text();
  if (f.tag == tag_state) out.state = f.text();
}

void read(const field& f, tls_material& out) {
  if (f.tag == tag_tls) out.size = f.number();
}

void read(const field& f, taken& out) {
  if (f.tag == tag_number) out.number = f.number();
  if (f.tag == tag_since) out.since = f.number();
}

void read(const field& f, note& out) {
  if (f.tag == tag_note_kind) out.what = bounded(f, note::kind::failed, note::kind::message);
  if (f.tag == tag_peer) out.peer.value = f.number();
  if (f.tag == tag_number) out.number = f.number();
  if (f.tag == tag_why)
    out.why = f.number() == 0 ? error::not_handled : bounded(f, error::not_handled, error::not_handled);
  if (f.tag == tag_bulk) out.bulk = f.number();
  if (f.tag == tag_data) out.data = f.text();
}

void read(const field& f, declined& out) {
  if (f.tag == tag_number) out.number = f.number();
}

void read(const field& f, replace_me& out) {
  if (f.tag == tag_what) out.why = f.text();
}

void read(const field& f, handler_failure& out) {
  if (f.tag == tag_where) out.where = f.text();
  if (f.tag == tag_what) out.what = f.text();
  if (f.tag == tag_suppressed) out.suppressed = f.number();
}

template <class Body>
bool read_body(std::span<const std::byte> data, message& out) {
  Body body;
  field_reader fields(data);
  bool ok = true;
  for (field f; fields.next(f);) {
    if constexpr (requires { read(f, body, ok); }) read(f, body, ok);
    else if constexpr (!std::is_empty_v<Body>) read(f, body);
  }
  out = std::move(body);
  return ok && fields.ok();
}

}  // namespace

error_code decode(std::span<const std::byte> data, decoded& out) {
  out = {};
  const error_code broken = make_error_code(error::protocol_error);
  if (data.size() < header_size || data[0] != std::byte{'C'} || data[1] != std::byte{'L'}) return broken;
  if (data[2] != std::byte{framing_version}) return make_error_code(error::protocol_version);
  const std::span<const std::byte> body = data.subspan(header_size);
  if (read_number(data.subspan(12, 4)) != body.size()) return broken;
  out.descriptors = static_cast<std::size_t>(data[3]);
  out.correlation = static_cast<std::uint32_t>(read_number(data.subspan(8, 4)));
  bool ok = true;
  out.known = true;
  switch (static_cast<type>(read_number(data.subspan(4, 2)))) {
    case type::hello: ok = read_body<hello>(body, out.what); break;
    case type::welcome: ok = read_body<welcome>(body, out.what); break;
    case type::ready: ok = read_body<ready>(body, out.what); break;
    case type::drain: ok = read_body<drain>(body, out.what); break;
    case type::draining: ok = read_body<draining>(body, out.what); break;
    case type::done: ok = read_body<done>(body, out.what); break;
    case type::handler_failure: ok = read_body<handler_failure>(body, out.what); break;
    case type::heirs: ok = read_body<heirs>(body, out.what); break;
    case type::adopt: ok = read_body<adopt>(body, out.what); break;
    case type::offer: ok = read_body<offer>(body, out.what); break;
    case type::taken: ok = read_body<taken>(body, out.what); break;
    case type::declined: ok = read_body<declined>(body, out.what); break;
    case type::replace_me: ok = read_body<replace_me>(body, out.what); break;
    case type::note: ok = read_body<note>(body, out.what); break;
    case type::report: ok = read_body<report>(body, out.what); break;
    case type::adopted: ok = read_body<adopted>(body, out.what); break;
    case type::tls_material: ok = read_body<tls_material>(body, out.what); break;
    case type::listen: ok = read_body<listen>(body, out.what); break;
    case type::unlisten: ok = read_body<unlisten>(body, out.what); break;
    case type::listener_answer: ok = read_body<listener_answer>(body, out.what); break;
    default: out.known = false; break;  // a type from the future, not a state: nothing to decide here
  }
  return ok ? error_code{} : broken;
}

}  // namespace cluster::ipc
