// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace cluster::ipc {

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
  replace_me = 24,
  tls_material = 25,
  listen = 26,
  unlisten = 27,
  listener_answer = 28
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
  tag_request_timeout = 33,
  tag_note_kind = 40,
  tag_peer = 41,
  tag_why = 42,
  tag_bulk = 43,
  tag_data = 44,
  tag_schedule = 50,
  tag_max_connections = 51,
  tag_max_connections_total = 52,
  tag_accepted_from = 53,
  tag_tls = 60,
  tag_proxy = 61,
  tag_trusted_proxy = 62,
  tag_forwarded = 63,
  tag_listener_number = 70,
  tag_inherited = 71,
  tag_answer = 72,
  tag_since = 73
};

}  // namespace cluster::ipc
