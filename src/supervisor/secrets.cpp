// SPDX-License-Identifier: BSL-1.0
// What TLS needs, on its way to the workers.
#include "supervisor/impl.hpp"

#include <algorithm>

namespace cluster {

os::failure supervisor::impl::load_tls(const options& from) {
  return from.tls.certificates.empty() ? need_no_tls(listeners) : secrets.load(from.tls);
}

// Sockets that workers have kept speak TLS as they did before, whatever the options say now.
os::failure supervisor::impl::need_no_tls(const std::vector<os::listen_socket>& all) {
  if (std::ranges::any_of(all, [](const os::listen_socket& each) { return each.description().tls; }))
    return {make_error_code(error::invalid_options),
            "tls: a listener speaks TLS, so a certificate and its key are needed (tls-certificate, tls-key)"};
  return secrets.load({});
}

void supervisor::impl::pass_tls_on() {
  if (secrets.size() == 0) return;
  for (const auto& [id, process] : workers) {
    if (!process->welcomed) continue;
    std::vector<os::unique_fd> file;
    file.push_back(secrets.duplicate());
    if (file.front()) process->channel->send(ipc::tls_material{secrets.size()}, std::move(file));
  }
}

void supervisor::impl::arm_ticket_rotation() {
  tls_timer.cancel();
  if (secrets.rotation().count() == 0) return;
  tls_timer.expires_after(secrets.rotation());
  tls_timer.async_wait([weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self || !self->running) return;
    if (const os::failure failed = self->secrets.rotate())
      self->settings.log(log_level::error, failed.detail);
    else self->pass_tls_on();
    self->arm_ticket_rotation();
  });
}

}  // namespace cluster
