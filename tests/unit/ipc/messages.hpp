// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ipc/message.hpp"

#include <string>
#include <vector>

namespace cluster::test {

using octets = std::vector<std::byte>;

inline octets encoded(const ipc::message& what, std::size_t descriptors = 0, std::uint32_t correlation = 0) {
  octets data;
  ipc::encode(what, descriptors, data, correlation);
  return data;
}

inline ipc::welcome full_welcome(std::size_t listeners) {
  ipc::welcome what;
  what.worker = {0xFFFF'FFFF'FFFF'FFFF};
  what.slot = {1023};
  what.generation = {7};
  what.name = "shop";
  what.level = log_level::off;
  what.format = log_format::json;
  what.drain_timeout = std::chrono::hours(24 * 366);
  what.load_board = true;
  what.probe = "/healthz";
  what.rendezvous = "/run/shop.home";
  what.orphan_timeout = std::chrono::seconds(60);
  what.heartbeat = std::chrono::milliseconds(300);
  what.schedule = schedule::reuse_port;
  what.max_connections = 20'000;
  what.max_connections_total = ~std::uint64_t{0};
  what.tls = 4321;
  what.trusted_proxies = {"10.0.0.0/8", "unix"};
  what.forwarded = 2;
  for (std::size_t i = 0; i < listeners; ++i) {
    listener each;
    each.name = "tcp-" + std::to_string(i);
    each.uri = "tcp://[::1]:" + std::to_string(65535 - i);
    each.port = static_cast<std::uint16_t>(65535 - i);
    if (i % 2 == 1) each.kind = listener::family::unix_socket;
    each.tls = i % 3 == 0;
    each.proxy = i % 5 == 0;
    each.number = i + 1;
    each.inherited = i % 7 == 0;
    what.listeners.push_back(each);
  }
  return what;
}

/// At least one of every type, with values at their limits.
inline std::vector<ipc::message> sample_messages() {
  ipc::hello hello;
  hello.worker = {42};
  hello.library_version = "0.1.0";
  ipc::drain drain;
  drain.reason = exit_reason::orphaned;
  drain.soft = std::chrono::seconds(20);
  drain.remaining = std::chrono::milliseconds(29'999);
  ipc::done done;
  done.moved = 12;
  done.finished = 0xFFFF'FFFF'FFFF'FFFF;
  ipc::offer offer;
  offer.number = 9;
  offer.unread = std::string("GET / HTTP/1.1\r\n\r\n\0\xFF", 20);
  offer.state = "{}";
  ipc::handler_failure failure;
  failure.where = "GET /";
  failure.what = std::string("zero \0 byte, \xFF, line\nend", 24);
  failure.suppressed = 10;
  ipc::report report;
  report.worker = {42};
  report.slot = {3};
  report.generation = {7};
  report.name = "shop";
  report.state = worker_state::draining;
  report.load_board = true;
  report.statistics = true;
  report.tls = 99;
  report.listeners = full_welcome(2).listeners;
  return {report,
          ipc::adopted{std::chrono::seconds(30), std::chrono::milliseconds(300), std::chrono::seconds(60)},
          hello,
          ipc::welcome{},
          full_welcome(1),
          full_welcome(64),
          ipc::ready{},
          drain,
          ipc::drain{},
          ipc::heirs{},
          ipc::adopt{},
          ipc::draining{},
          ipc::done{},
          done,
          failure,
          offer,
          ipc::offer{},
          ipc::offer{7, {}, {}, 64},
          ipc::taken{3},
          ipc::taken{64, 1},
          ipc::tls_material{0xFFFF'FFFF'FFFF'FFFF},
          ipc::listen{},
          ipc::listen{full_welcome(3).listeners},
          ipc::unlisten{0xFFFF'FFFF'FFFF'FFFF},
          ipc::listener_answer{},
          ipc::listener_answer{7, ipc::listener_answer::kind::refused, "no certificate"},
          ipc::note{},
          ipc::note{ipc::note::kind::failed, {9}, 77, error::timed_out, 0, {}},
          ipc::note{ipc::note::kind::request, ipc::everybody, ~std::uint64_t{0}, error::not_handled, 0,
                    std::string(ipc::max_note_data, '\0')},
          ipc::note{ipc::note::kind::message, {1}, 0, error::not_handled, 64u << 20, {}},
          ipc::replace_me{},
          ipc::replace_me{"its cache is full"},
          ipc::declined{0xFFFF'FFFF'FFFF'FFFF}};
}

}  // namespace cluster::test
