// SPDX-License-Identifier: BSL-1.0
#include <cluster/http/server.hpp>

#include "http/engine.hpp"
#include "tls/load.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

namespace cluster::http {
namespace {

server_options checked(server_options options) {
  const auto refuse = [](const char* why) {
    throw std::invalid_argument(std::string("server_options: ") + why);
  };
  if (options.header_bytes < 256 || options.header_bytes > 1024 * 1024)
    refuse("header_bytes has to be in 256..1048576");
  if (options.target_bytes == 0) refuse("target_bytes has to be more than zero");
  if (options.header_fields == 0 || options.header_fields > 10'000)
    refuse("header_fields has to be in 1..10000");
  if (options.output_high_water == 0) refuse("output_high_water has to be more than zero");
  if (options.accepts_at_once == 0) refuse("accepts_at_once has to be more than zero");
  if (options.requests_at_once == 0) refuse("requests_at_once has to be more than zero");
  if (options.state_bytes > 8000) refuse("state_bytes has to be in 0..8000");
  if (options.accept_backoff.count() <= 0) refuse("accept_backoff has to be more than zero");
  return options;
}

std::shared_ptr<const tls::context> context_of(const tls_options& from) {
  tls::material files;
  std::string why;
  if (!tls::load(from, files, why)) throw std::invalid_argument(why);
  auto made = tls::context::make(files, why);
  if (!made) throw std::invalid_argument(why);
  return made;
}

}  // namespace

server::server(boost::asio::io_context& context, const router& app, server_options options)
    : engine_(std::make_shared<engine>(context, app.tree(), checked(std::move(options)))) {
  if (const tls_options& wanted = engine_->options().tls; !wanted.certificates.empty()) renew_tls(wanted);
}

void server::renew_tls(const tls_options& from) { engine_->set_tls(context_of(from)); }

server::~server() { engine_->stop(); }

void server::start(std::span<const listener> listeners) { engine_->start(listeners); }

void server::start(worker& self) {
  engine_->start(self.listeners());
  self.on_listener_added([to = std::weak_ptr(engine_)](const listener& added) {
    if (const auto engine = to.lock()) engine->start(std::span(&added, 1));
  });
  self.on_listener_removed([to = std::weak_ptr(engine_)](const listener& gone) {
    if (const auto engine = to.lock()) engine->release(gone);
  });
}

void server::release(const listener& from) { engine_->release(from); }

void server::start_drain(std::chrono::steady_clock::time_point soft_deadline,
                         std::chrono::steady_clock::time_point hard_deadline,
                         boost::asio::any_completion_handler<void(error_code)> handler) {
  engine_->start_drain(soft_deadline, hard_deadline, std::move(handler));
}

void server::move_with(worker& self) {
  engine_->set_mover({[&self] { return self.can_move(); },
                      [&self](moving_connection& what) { return self.move(what); },
                      [&self] { return self.moving(); }});
  engine_->set_balance({[&self](std::uint32_t open) { self.publish_load(open); },
                        [&self] { return self.above_share(); }, [&self] { return self.has_enough(); },
                        [&self] { return self.has_peers(); }});
  engine_->hold(self.schedule() == schedule::round_robin && !self.accepts());
  self.on_accepts_change([&self, to = std::weak_ptr(engine_)] {
    if (const auto engine = to.lock())
      engine->hold(self.schedule() == schedule::round_robin && !self.accepts());
  });
  const std::vector<std::string> names = engine_->routes().names(worker::most_routes);
  self.name_routes(names);
  engine_->set_sink({[&self](const traffic& totals) { self.publish_traffic(totals); },
                     [&self](std::chrono::nanoseconds time, std::uint64_t requests) {
                       self.publish_latency(time, requests);
                     },
                     [&self](std::size_t place, const route_numbers& now) { self.publish_route(place, now); },
                     names.size()});
  self.on_move_change([to = std::weak_ptr(engine_)] {
    if (const auto engine = to.lock()) engine->on_move_change();
  });
  self.on_arrival([to = std::weak_ptr(engine_)](moving_connection&& what) {
    const auto engine = to.lock();
    return engine && engine->adopt(std::move(what));
  });
}

void server::secure_with(worker& self) {
  const auto use = [&self, to = std::weak_ptr(engine_)] {
    const auto engine = to.lock();
    if (!engine || self.tls_material().empty()) return;
    std::string why = "tls: the supervisor speaks of it in a form that this version does not know";
    const auto material = tls::decode(self.tls_material());
    auto made = material ? tls::context::make(*material, why) : nullptr;
    if (!made) throw std::invalid_argument(why);
    engine->set_tls(std::move(made));
  };
  use();
  self.on_tls_change([&self, use] {
    try {
      use();
    } catch (const std::exception& e) {
      self.report_failure("tls", e.what());
    }
  });
}

void server::take(int connected) {
  const int flags = ::fcntl(connected, F_GETFL);
  if (flags >= 0) ::fcntl(connected, F_SETFL, flags | O_NONBLOCK);
  if (flags < 0 || !engine_->adopt({connected, {}, {}, false})) ::close(connected);
}

void server::run() { engine_->run(); }

void server::stop() { engine_->stop(); }

const server_counters& server::counters() const noexcept { return engine_->counters(); }

}  // namespace cluster::http
