// SPDX-License-Identifier: BSL-1.0
#include "supervisor/tls_keeper.hpp"

#include "os/sealed_file.hpp"
#include "tls/load.hpp"

#include <fcntl.h>

namespace cluster {
namespace {

const os::failure no_keys{make_error_code(error::launch_failed), "tls: the system gave no random numbers"};

}  // namespace

os::failure tls_keeper::keep(tls::material next) {
  os::unique_fd file;
  const std::string text = tls::encode(next);
  if (os::failure failed = os::make_sealed_file(text, file)) return failed;
  now_ = std::move(next);
  file_ = std::move(file);
  size_ = text.size();
  return {};
}

os::failure tls_keeper::load(const tls_options& from) {
  if (from.certificates.empty()) {
    file_ = {};
    size_ = 0;
    return {};
  }
  tls::material next = now_;
  std::string why;
  if (!tls::load(from, next, why)) return {make_error_code(error::invalid_options), std::move(why)};
  if (!next.tickets) {
    tls::ticket_keys fresh;
    for (tls::ticket_key* each : {&fresh.next, &fresh.current, &fresh.previous})
      if (!tls::make_ticket_key(*each)) return no_keys;
    next.tickets = fresh;
  }
  return keep(std::move(next));
}

os::failure tls_keeper::rotate() {
  if (size_ == 0 || !now_.tickets) return {};
  tls::material next = now_;
  tls::ticket_key fresh;
  if (!tls::make_ticket_key(fresh)) return no_keys;
  next.tickets = tls::rotated(*now_.tickets, fresh);
  return keep(std::move(next));
}

void tls_keeper::take_tickets(int fd, std::uint64_t size) {
  std::string text;
  if (size_ == 0 || size > tls::largest_material || os::read_sealed_file(fd, size, text)) return;
  const auto found = tls::decode(text);
  if (!found || !found->tickets) return;
  tls::material next = now_;
  next.tickets = found->tickets;
  static_cast<void>(keep(std::move(next)));  // without them sessions begin anew, and nothing else
}

os::unique_fd tls_keeper::duplicate() const {
  return os::unique_fd(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 3));
}

}  // namespace cluster
