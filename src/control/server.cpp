// SPDX-License-Identifier: BSL-1.0
#include <cluster/control_server.hpp>

#include "control/connection.hpp"
#include "control/service.hpp"
#include "control/socket_file.hpp"

#include <cluster/control_client.hpp>
#include <cluster/supervisor.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/system/system_error.hpp>

#include <unistd.h>

#include <list>
#include <utility>

namespace cluster {

using control::connection;

struct control_server::impl : std::enable_shared_from_this<control_server::impl> {
  using acceptor =
      boost::asio::basic_socket_acceptor<boost::asio::local::stream_protocol, boost::asio::any_io_executor>;

  impl(supervisor& owner_in, control_options settings_in)
      : owner(owner_in),
        settings(std::move(settings_in)),
        listening(owner_in.get_executor()),
        pause(owner_in.get_executor()) {}

  error_code open(std::string& detail);
  error_code bind(std::string& detail);
  void accept();
  void take(connection::socket peer);
  void close() noexcept;

  supervisor& owner;
  control_options settings;
  std::shared_ptr<control::service> service;
  control::socket_file file;
  acceptor listening;
  boost::asio::steady_timer pause;  ///< before the next try to accept, when there are no descriptors left
  std::list<std::shared_ptr<connection>> connections;
  bool opened = false;
};

error_code control_server::impl::bind(std::string& detail) {
  if (!settings.path.empty()) return file.open(settings.path, detail);
  const std::string name = owner.status().name;
  const std::string path = default_control_path(name);
  if (const error_code ec = control::make_private_folder(path.substr(0, path.rfind('/')), detail)) return ec;
  const error_code ec = file.open(path, detail);
  if (ec != make_error_code(error::owned_elsewhere)) return ec;
  return file.open(path.substr(0, path.size() - 5) + "." + std::to_string(::getpid()) + ".sock", detail);
}

error_code control_server::impl::open(std::string& detail) {
  if (opened) return {};
  if (const error_code ec = bind(detail)) return ec;
  error_code ec;
  listening.assign(boost::asio::local::stream_protocol(), file.release(), ec);
  if (ec) {
    detail = "control: " + ec.message();
    file.remove();
    return ec;
  }
  opened = true;
  service = std::make_shared<control::service>(owner);
  service->start([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    const auto all = self->connections;  // one that ends leaves the list
    for (const auto& each : all) each->wake();
  });
  accept();
  return {};
}

void control_server::impl::accept() {
  listening.async_accept(
      [weak = weak_from_this()](
          const error_code& ec,
          acceptor::protocol_type::socket::rebind_executor<boost::asio::any_io_executor>::other peer) {
        const auto self = weak.lock();
        if (!self || !self->opened) return;
        if (!ec) {
          self->take(connection::socket(std::move(peer)));
          return self->accept();
        }
        if (ec == boost::asio::error::operation_aborted) return;
        self->pause.expires_after(std::chrono::milliseconds(100));
        self->pause.async_wait([weak](const error_code& cancelled) {
          if (const auto later = weak.lock(); later && !cancelled && later->opened) later->accept();
        });
      });
}

void control_server::impl::take(connection::socket peer) {
  unsigned uid = 0;
  int pid = 0;
  const bool known = control::peer_of(peer.native_handle(), uid, pid);
  control::patience limits;
  limits.request = settings.request_timeout;
  limits.idle = settings.idle_timeout;
  limits.write = settings.write_timeout;
  const auto handle = [service = service](const control::call& what, control::answer done) {
    service->handle(what, std::move(done));
  };
  const auto ended = [weak = weak_from_this()](connection* which) {
    const auto self = weak.lock();
    if (self) self->connections.remove_if([which](const auto& each) { return each.get() == which; });
  };
  const bool full = connections.size() >= settings.max_connections;
  // Those that are turned away are let go as well: twice as many is the end of it.
  if (connections.size() >= 2 * settings.max_connections) return;
  const auto one = std::make_shared<connection>(std::move(peer), false, limits, handle, ended);
  connections.push_back(one);
  if (!known || !control::trusted(uid))
    return one->turn_away(
        control::error_reply(403, "forbidden", "only the user of this cluster and root may ask"));
  if (full)
    return one->turn_away(
        control::error_reply(503, "overloaded", "too many connections to the control socket"));
  one->start();
}

void control_server::impl::close() noexcept {
  if (!std::exchange(opened, false)) return;
  service->detach();
  error_code ignored;
  listening.close(ignored);
  pause.cancel();
  // Streams get their last words where that is possible at once.
  const auto all = connections;
  for (const auto& each : all) {
    each->wake();
    each->close();
  }
  connections.clear();
  file.remove();
}

control_server::control_server(supervisor& owner, control_options settings)
    : impl_(std::make_shared<impl>(owner, std::move(settings))) {}

control_server::~control_server() { impl_->close(); }

void control_server::open(error_code& ec, std::string& detail) { ec = impl_->open(detail); }

void control_server::open() {
  error_code ec;
  std::string detail;
  open(ec, detail);
  if (ec) throw boost::system::system_error(ec, detail);
}

const std::string& control_server::path() const noexcept { return impl_->file.path(); }

void control_server::close() noexcept { impl_->close(); }

}  // namespace cluster
