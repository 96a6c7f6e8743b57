// SPDX-License-Identifier: BSL-1.0
// Listeners that a service manager keeps for the next start: they outlive this process and all its workers.
#include "os/service_manager.hpp"
#include "os/stored_sockets.hpp"
#include "supervisor/impl.hpp"

#include <algorithm>
#include <utility>

namespace cluster {
namespace {

// What was passed by somebody else is that one's to keep.
bool may_be_stored(const os::listen_address& address) {
  return address.what == os::listen_address::kind::tcp ||
         address.what == os::listen_address::kind::unix_socket;
}

}  // namespace

// What the service manager has kept comes first: where it listens nobody else can.
os::failure supervisor::impl::open_addresses(std::vector<os::listen_socket>& into,
                                             std::vector<std::string>& store_as) {
  std::vector<os::listen_address> addresses;
  for (const std::string& uri : settings.listen) {
    std::string why;
    const auto address = os::parse_listen_address(uri, why);
    if (!address) return {make_error_code(error::invalid_address), "listen: '" + uri + "': " + why};
    addresses.push_back(*address);
  }
  os::stored_sockets stored = os::stored_sockets::passed();
  std::vector<std::vector<os::listen_socket>> kept_for(addresses.size());
  std::size_t found = 0;
  for (std::size_t i = 0; i < addresses.size(); ++i)
    if (stored.take(settings.listen[i], addresses[i], settings.backlog, kept_for[i])) ++found;
  if (const auto rest = stored.drop_rest(); !rest.empty()) {
    const os::service_manager manager;
    for (const std::string& name : rest) manager.forget(name);
    manager.wait_until_done();
    settings.log(log_level::info,
                 "the service manager kept listeners that are not wanted any more; they are gone");
  }
  if (found != 0)
    settings.log(log_level::info, "the service manager has kept the listeners of " + std::to_string(found) +
                                      " of " + std::to_string(addresses.size()) + " addresses");
  const bool shared = settings.schedule == schedule::reuse_port;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::size_t before = into.size();
    if (!kept_for[i].empty()) {
      for (os::listen_socket& each : kept_for[i]) into.push_back(std::move(each));
    } else if (os::failure failed =
                   os::open_listeners(addresses[i], {settings.backlog, settings.unix_mode, shared}, into)) {
      return {make_error_code(error::bind_failed), std::move(failed.detail)};
    }
    const std::size_t count = into.size() - before;
    for (std::size_t which = 0; which < count; ++which)
      store_as.push_back(may_be_stored(addresses[i]) ? os::store_name(settings.listen[i], which, count)
                                                     : std::string());
  }
  return {};
}

// Listeners came out of workers. What the service manager has passed along is the same sockets once more.
std::vector<std::string> supervisor::impl::recall_store_names(const std::vector<os::listen_socket>& taken) {
  static_cast<void>(os::stored_sockets::passed());
  std::vector<std::string> names(taken.size());
  // Else it is not known which of them were opened for which address; what is stored stays stored.
  if (taken.size() != settings.listen.size() || kept.listen != settings.listen) return names;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    // The first ones have the first numbers; another was added while the cluster ran.
    if (taken[i].description().number != i + 1) return std::vector<std::string>(taken.size());
    std::string ignored;
    const auto address = os::parse_listen_address(settings.listen[i], ignored);
    if (address && may_be_stored(*address)) names[i] = os::store_name(settings.listen[i], 0, 1);
  }
  return names;
}

// One that is taken away would come back at the next start.
void supervisor::impl::forget_stored(std::uint64_t number) {
  const auto stored = store_names.extract(number);
  if (!stored) return;
  const os::service_manager manager;
  manager.forget(stored.mapped());
}

error_code supervisor::impl::store_listeners() {
  if (!opened) return make_error_code(error::not_running);
  const os::service_manager manager;
  const std::size_t wanted = store_names.size();
  if (wanted == 0 || manager.store_size() == 0) return {};
  // Half of them would be worse than none: those that are kept could not be bound beside the others' names.
  if (manager.store_size() < wanted) return {ENOSPC, boost::system::system_category()};
  for (os::listen_socket& each : listeners) {
    const auto name = store_names.find(each.description().number);
    if (name == store_names.end()) continue;
    if (const error_code ec = manager.store(each.fd(), name->second)) return ec;
    each.leave_file();
  }
  return {};
}

}  // namespace cluster
