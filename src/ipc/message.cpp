// SPDX-License-Identifier: BSL-1.0
#include "ipc/message.hpp"

#include "ipc/fields.hpp"

#include <algorithm>
#include <limits>

namespace cluster::ipc {
namespace {

// Numbers on the wire. Never change or reuse one.
enum class type : std::uint16_t {
  hello = 1,
  welcome = 2,
  ready = 3,
  drain = 4,
  draining = 5,
  done = 6,
  handler_failure = 7,
  heirs = 8,
  adopt = 9,
  offer = 10,
  taken = 11,
  declined = 12,
  report = 13,
  adopted = 14,
  note = 16,
  replace_me = 24
};
enum tag : std::uint8_t {
  tag_protocol = 1,
  tag_worker = 2,
  tag_slot = 3,
  tag_generation = 4,
  tag_name = 5,
  tag_log_level = 6,
  tag_log_format = 7,
  tag_drain_timeout = 8,
  tag_listener = 9,
  tag_uri = 10,
  tag_family = 11,
  tag_port = 12,
  tag_reason = 13,
  tag_remaining = 14,
  tag_where = 15,
  tag_what = 16,
  tag_suppressed = 17,
  tag_library_version = 18,
  tag_soft = 19,
  tag_moved = 20,
  tag_finished = 21,
  tag_number = 22,
  tag_unread = 23,
  tag_state = 24,
  tag_load_board = 25,
  tag_probe = 26,
  tag_statistics = 27,
  tag_heartbeat = 28,
  tag_rendezvous = 29,
  tag_orphan_timeout = 30,
  tag_worker_state = 31,
  tag_note_kind = 40,
  tag_peer = 41,
  tag_why = 42,
  tag_bulk = 43,
  tag_data = 44,
  tag_schedule = 50,
  tag_max_connections = 51,
  tag_max_connections_total = 52,
  tag_accepted_from = 53
};

constexpr std::size_t max_listeners = 64;

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

std::uint64_t count(std::chrono::milliseconds value) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
}

struct writer {
  field_writer out;

  void operator()(const hello& m) {
    out.number(tag_protocol, m.protocol);
    out.number(tag_worker, m.worker.value);
    out.text(tag_library_version, m.library_version);
  }
  void operator()(const welcome& m) {
    out.number(tag_protocol, m.protocol);
    out.number(tag_worker, m.worker.value);
    out.number(tag_slot, m.slot.value);
    out.number(tag_generation, m.generation.value);
    out.text(tag_name, m.name);
    out.number(tag_log_level, static_cast<std::uint64_t>(m.level));
    out.number(tag_log_format, static_cast<std::uint64_t>(m.format));
    out.number(tag_drain_timeout, count(m.drain_timeout));
    out.number(tag_load_board, m.load_board ? 1 : 0);
    out.text(tag_probe, m.probe);
    out.number(tag_statistics, m.statistics ? 1 : 0);
    out.number(tag_heartbeat, count(m.heartbeat));
    out.text(tag_rendezvous, m.rendezvous);
    out.number(tag_orphan_timeout, count(m.orphan_timeout));
    out.number(tag_schedule, static_cast<std::uint64_t>(m.schedule));
    out.number(tag_max_connections, m.max_connections);
    out.number(tag_max_connections_total, m.max_connections_total);
    write(m.listeners);
  }
  void operator()(const report& m) {
    out.number(tag_protocol, m.protocol);
    out.number(tag_worker, m.worker.value);
    out.number(tag_slot, m.slot.value);
    out.number(tag_generation, m.generation.value);
    out.text(tag_name, m.name);
    out.number(tag_worker_state, static_cast<std::uint64_t>(m.state));
    out.number(tag_load_board, m.load_board ? 1 : 0);
    out.number(tag_statistics, m.statistics ? 1 : 0);
    write(m.listeners);
  }
  void write(const std::vector<listener>& listeners) {
    for (const listener& each : listeners)
      out.group(tag_listener, [&](field_writer& inner) {
        inner.text(tag_name, each.name);
        inner.text(tag_uri, each.uri);
        inner.number(tag_family, static_cast<std::uint64_t>(each.kind));
        inner.number(tag_port, each.port);
      });
  }
  void operator()(const drain& m) {
    out.number(tag_reason, static_cast<std::uint64_t>(m.reason));
    out.number(tag_soft, count(m.soft));
    out.number(tag_remaining, count(m.remaining));
  }
  void operator()(const done& m) {
    out.number(tag_moved, m.moved);
    out.number(tag_finished, m.finished);
  }
  void operator()(const offer& m) {
    out.number(tag_number, m.number);
    if (m.listener != 0) out.number(tag_accepted_from, m.listener);
    out.octets(tag_unread, m.unread);
    out.octets(tag_state, m.state);
  }
  void operator()(const taken& m) { out.number(tag_number, m.number); }
  void operator()(const declined& m) { out.number(tag_number, m.number); }
  void operator()(const note& m) {
    out.number(tag_note_kind, static_cast<std::uint64_t>(m.what));
    out.number(tag_peer, m.peer.value);
    if (m.number != 0) out.number(tag_number, m.number);
    if (m.what == note::kind::failed) out.number(tag_why, static_cast<std::uint64_t>(m.why));
    if (m.bulk != 0) out.number(tag_bulk, m.bulk);
    if (!m.data.empty()) out.octets(tag_data, m.data);
  }
  void operator()(const handler_failure& m) {
    out.text(tag_where, m.where);
    out.text(tag_what, m.what);
    out.number(tag_suppressed, m.suppressed);
  }
  void operator()(const replace_me& m) { out.text(tag_what, m.why); }
  void operator()(const ready&) {}
  void operator()(const draining&) {}
  void operator()(const heirs&) {}
  void operator()(const adopt&) {}
  void operator()(const adopted& m) {
    out.number(tag_drain_timeout, count(m.drain_timeout));
    out.number(tag_heartbeat, count(m.heartbeat));
    out.number(tag_orphan_timeout, count(m.orphan_timeout));
  }
};

type type_of(const message& what) {
  struct {
    type operator()(const hello&) { return type::hello; }
    type operator()(const welcome&) { return type::welcome; }
    type operator()(const ready&) { return type::ready; }
    type operator()(const drain&) { return type::drain; }
    type operator()(const draining&) { return type::draining; }
    type operator()(const done&) { return type::done; }
    type operator()(const handler_failure&) { return type::handler_failure; }
    type operator()(const heirs&) { return type::heirs; }
    type operator()(const adopt&) { return type::adopt; }
    type operator()(const offer&) { return type::offer; }
    type operator()(const taken&) { return type::taken; }
    type operator()(const declined&) { return type::declined; }
    type operator()(const note&) { return type::note; }
    type operator()(const replace_me&) { return type::replace_me; }
    type operator()(const report&) { return type::report; }
    type operator()(const adopted&) { return type::adopted; }
  } visitor;
  return std::visit(visitor, what);
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
    if (f.tag == tag_port) {
      if (f.number() > std::numeric_limits<std::uint16_t>::max()) return false;
      out.port = static_cast<std::uint16_t>(f.number());
    }
  }
  return fields.ok();
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
  if (f.tag == tag_schedule) out.schedule = bounded(f, schedule::reuse_port, schedule::shared);
  if (f.tag == tag_max_connections) out.max_connections = f.number();
  if (f.tag == tag_max_connections_total) out.max_connections_total = f.number();
  if (f.tag == tag_listener) {
    ok = ok && out.listeners.size() < max_listeners && read_listener(f, out.listeners.emplace_back());
  }
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
  if (f.tag == tag_listener)
    ok = ok && out.listeners.size() < max_listeners && read_listener(f, out.listeners.emplace_back());
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

void read(const field& f, taken& out) {
  if (f.tag == tag_number) out.number = f.number();
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
    if constexpr (std::is_same_v<Body, welcome> || std::is_same_v<Body, report>) read(f, body, ok);
    else if constexpr (!std::is_empty_v<Body>) read(f, body);
  }
  out = std::move(body);
  return ok && fields.ok();
}

}  // namespace

void encode(const message& what, std::size_t descriptors, std::vector<std::byte>& out,
            std::uint32_t correlation) {
  const std::size_t start = out.size();
  field_writer fields(out);
  fields.raw('C', 1);
  fields.raw('L', 1);
  fields.raw(framing_version, 1);
  fields.raw(descriptors, 1);
  fields.raw(static_cast<std::uint16_t>(type_of(what)), 2);
  fields.raw(0, 2);
  fields.raw(correlation, 4);
  fields.raw(0, 4);
  std::visit(writer{field_writer(out)}, what);
  const std::uint64_t length = out.size() - start - header_size;
  for (std::size_t i = 0; i < 4; ++i) out[start + 12 + i] = static_cast<std::byte>(length >> (8 * i) & 0xFF);
}

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
    default: out.known = false; break;  // a type from the future, not a state: nothing to decide here
  }
  return ok ? error_code{} : broken;
}

}  // namespace cluster::ipc
