// SPDX-License-Identifier: BSL-1.0
#include <cluster/control_server.hpp>

#include "control/connection.hpp"
#include "control/service.hpp"
#include "control/socket_file.hpp"

#include <cluster/control_client.hpp>
#include <cluster/supervisor.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <list>
#include <utility>

namespace cluster {

using control::connection;

struct control_server::impl : std::enable_shared_from_this<control_server::impl> {
  using protocol = boost::asio::generic::stream_protocol;

  /// One listening socket.
  struct door {
    door(const boost::asio::any_io_executor& executor, bool probes_only)
        : socket(executor), pause(executor), read_only(probes_only) {}

    boost::asio::basic_socket_acceptor<protocol, boost::asio::any_io_executor> socket;
    boost::asio::steady_timer pause;  ///< before the next try, when there are no descriptors left
    bool read_only;
  };

  impl(supervisor& owner_in, control_options settings_in)
      : owner(owner_in), settings(std::move(settings_in)) {}

  error_code bind(std::string& detail);
  error_code add_door(int listening, bool read_only);
  void begin();
  void accept(const std::shared_ptr<door>& at);
  void take(connection::socket peer, bool read_only);
  void close() noexcept;

  supervisor& owner;
  control_options settings;
  std::shared_ptr<control::service> service;  ///< there is one while something is open
  control::upgrade_hook upgrade;
  control::socket_file file;
  std::list<std::shared_ptr<door>> doors;
  std::list<std::shared_ptr<connection>> connections;
};

error_code control_server::impl::bind(std::string& detail) {
  if (!settings.path.empty()) return file.open(settings.path, detail);
  const std::string path = default_control_path(owner.status().name);
  if (const error_code ec = control::make_private_folder(path.substr(0, path.rfind('/')), detail)) return ec;
  const error_code ec = file.open(path, detail);
  if (ec != make_error_code(error::owned_elsewhere)) return ec;
  return file.open(path.substr(0, path.size() - 5) + "." + std::to_string(::getpid()) + ".sock", detail);
}

error_code control_server::impl::add_door(int listening, bool read_only) {
  const auto one = std::make_shared<door>(owner.get_executor(), read_only);
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  error_code ec;
  if (::getsockname(listening, reinterpret_cast<sockaddr*>(&name), &length) != 0)
    ec = {errno, boost::system::system_category()};
  else one->socket.assign(protocol(name.ss_family, 0), listening, ec);
  if (ec) {
    ::close(listening);
    return ec;
  }
  begin();
  doors.push_back(one);
  accept(one);
  return {};
}

void control_server::impl::begin() {
  if (service) return;
  service = std::make_shared<control::service>(owner);
  service->on_upgrade(upgrade);
  service->start([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    const auto all = self->connections;  // one that ends leaves the list
    for (const auto& each : all) each->wake();
  });
}

void control_server::impl::accept(const std::shared_ptr<door>& at) {
  at->socket.async_accept([weak = weak_from_this(), at](const error_code& ec, connection::socket peer) {
    const auto self = weak.lock();
    if (!self || !at->socket.is_open()) return;
    if (!ec) {
      self->take(std::move(peer), at->read_only);
      return self->accept(at);
    }
    if (ec == boost::asio::error::operation_aborted) return;
    at->pause.expires_after(std::chrono::milliseconds(100));
    at->pause.async_wait([weak, at](const error_code& cancelled) {
      if (const auto later = weak.lock(); later && !cancelled && at->socket.is_open()) later->accept(at);
    });
  });
}

void control_server::impl::take(connection::socket peer, bool read_only) {
  // Those that are turned away are let go as well: twice as many is the end of it.
  if (connections.size() >= 2 * settings.max_connections) return;
  unsigned uid = 0;
  int pid = 0;
  const bool welcome =
      read_only || (control::peer_of(peer.native_handle(), uid, pid) && control::trusted(uid));
  const bool full = connections.size() >= settings.max_connections;
  control::patience limits;
  limits.request = settings.request_timeout;
  limits.idle = settings.idle_timeout;
  limits.write = settings.write_timeout;
  const auto handle = [service = service](const control::call& what, const control::answer& done) {
    service->handle(what, done);
  };
  const auto ended = [weak = weak_from_this()](connection* which) {
    const auto self = weak.lock();
    if (self) self->connections.remove_if([which](const auto& each) { return each.get() == which; });
  };
  const auto one = std::make_shared<connection>(std::move(peer), read_only, limits, handle, ended);
  connections.push_back(one);
  if (!welcome)
    return one->turn_away(
        control::error_reply(403, "forbidden", "only the user of this cluster and root may ask"));
  if (full) return one->turn_away(control::error_reply(503, "overloaded", "too many connections here"));
  one->start();
}

void control_server::impl::close() noexcept {
  if (!service) return;
  service->detach();
  error_code ignored;
  for (const auto& each : doors) {
    each->socket.close(ignored);
    each->pause.cancel();
  }
  doors.clear();
  // Streams get their last words where that is possible at once.
  const auto all = connections;
  for (const auto& each : all) {
    each->wake();
    each->close();
  }
  connections.clear();
  file.remove();
  service.reset();
}

control_server::control_server(supervisor& owner, control_options settings)
    : impl_(std::make_shared<impl>(owner, std::move(settings))) {}

control_server::~control_server() { impl_->close(); }

void control_server::open(error_code& ec, std::string& detail) {
  ec = {};
  if (!impl_->file.path().empty()) return;
  ec = impl_->bind(detail);
  if (ec) return;
  ec = impl_->add_door(impl_->file.release(), false);
  if (!ec) return;
  detail = "control: " + ec.message();
  impl_->file.remove();
}

void control_server::serve_probes(int listening, error_code& ec) { ec = impl_->add_door(listening, true); }

void control_server::open() {
  error_code ec;
  std::string detail;
  open(ec, detail);
  if (ec) throw boost::system::system_error(ec, detail);
}

void control_server::on_upgrade(std::function<void(std::function<void(std::string why)>)> hook) {
  impl_->upgrade = std::move(hook);
  if (impl_->service) impl_->service->on_upgrade(impl_->upgrade);
}

const std::string& control_server::path() const noexcept { return impl_->file.path(); }

void control_server::close() noexcept { impl_->close(); }

}  // namespace cluster
