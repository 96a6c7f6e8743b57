// SPDX-License-Identifier: BSL-1.0
#include "ipc/fields.hpp"
#include "ipc/message.hpp"
#include "ipc/message_numbers.hpp"

#include <algorithm>

namespace cluster::ipc {
namespace {

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
    out.number(tag_request_timeout, count(m.request_timeout));
    out.number(tag_schedule, static_cast<std::uint64_t>(m.schedule));
    out.number(tag_max_connections, m.max_connections);
    out.number(tag_max_connections_total, m.max_connections_total);
    out.number(tag_tls, m.tls);
    for (const std::string& each : m.trusted_proxies) out.text(tag_trusted_proxy, each);
    out.number(tag_forwarded, m.forwarded);
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
    out.number(tag_tls, m.tls);
    write(m.listeners);
  }
  void operator()(const tls_material& m) { out.number(tag_tls, m.size); }
  void write(const std::vector<listener>& listeners) {
    for (const listener& each : listeners)
      out.group(tag_listener, [&](field_writer& inner) {
        inner.text(tag_name, each.name);
        inner.text(tag_uri, each.uri);
        inner.number(tag_family, static_cast<std::uint64_t>(each.kind));
        inner.number(tag_port, each.port);
        if (each.tls) inner.number(tag_tls, 1);
        if (each.proxy) inner.number(tag_proxy, 1);
        if (each.number != 0) inner.number(tag_listener_number, each.number);
        if (each.inherited) inner.number(tag_inherited, 1);
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
  void operator()(const taken& m) {
    out.number(tag_number, m.number);
    if (m.since != 0) out.number(tag_since, m.since);
  }
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
  void operator()(const listen& m) { write(m.listeners); }
  void operator()(const unlisten& m) { out.number(tag_listener_number, m.number); }
  void operator()(const listener_answer& m) {
    out.number(tag_listener_number, m.number);
    out.number(tag_answer, static_cast<std::uint64_t>(m.what));
    if (!m.why.empty()) out.text(tag_what, m.why);
  }
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
    type operator()(const tls_material&) { return type::tls_material; }
    type operator()(const listen&) { return type::listen; }
    type operator()(const unlisten&) { return type::unlisten; }
    type operator()(const listener_answer&) { return type::listener_answer; }
  } visitor;
  return std::visit(visitor, what);
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

}  // namespace cluster::ipc
