// SPDX-License-Identifier: BSL-1.0
// A number of workers that follows the load.
#include "os/process_usage.hpp"
#include "supervisor/impl.hpp"

#include <algorithm>

namespace cluster {

error_code supervisor::impl::scale_between(scale_range bounds) {
  if (!running || fleet->stopping()) return make_error_code(error::not_running);
  if (bounds.min == 0 || bounds.min > bounds.max || bounds.max > 1024)
    return make_error_code(error::invalid_options);
  settle_scale(boost::asio::error::operation_aborted);
  scaling.set(bounds);
  save();
  arm_scaling();
  return {};
}

// There is no timer while the number is fixed.
void supervisor::impl::arm_scaling() {
  if (!scaling.active()) {
    scale_timer.cancel();
    return;
  }
  scale_timer.expires_at(std::max(scaling.next_look(), clock::now()));
  scale_timer.async_wait([weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (!ec && self && self->running) self->look_at_load();
  });
}

void supervisor::impl::look_at_load() {
  const auto now = clock::now();
  std::vector<policy::load_reading> readings;
  for (const auto& [id, process] : workers) {
    if (!fleet->is_ready(id) || process->paused) continue;
    policy::load_reading& one = readings.emplace_back();
    one.worker = id;
    // A program that is not built on the library shows its CPU time only.
    if (!settings.foreign) one.busy = process->page.read().busy;
    else if (const auto used = os::read_usage(process->child.pid())) one.busy = used->cpu;
  }
  const std::size_t before = fleet->target();
  const bool settled = !fleet->stopping() && !fleet->rolling() && !fleet->replacing() &&
                       fleet->ready_count() == before && fleet->alive_count() == before;
  if (const auto order = scaling.look(readings, before, settled, now)) {
    settings.log(log_level::info, "scaling from " + std::to_string(before) + " to " +
                                      std::to_string(order->workers) + " workers: " + order->why);
    apply(fleet->scale(order->workers, now));
  }
  if (running) arm_scaling();
}

}  // namespace cluster
