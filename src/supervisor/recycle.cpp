// SPDX-License-Identifier: BSL-1.0
// Looks at what workers have come to, and replaces those that have served enough.
#include "os/process_usage.hpp"
#include "supervisor/impl.hpp"

#include <algorithm>

namespace cluster {

void supervisor::impl::arm_recycling() {
  if (!recycling.active()) return;
  recycle_timer.expires_at(std::max(recycling.next_look(), clock::now()));
  recycle_timer.async_wait([weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (!ec && self && self->running) self->look_for_worn();
  });
}

void supervisor::impl::look_for_worn() {
  const auto now = clock::now();
  std::vector<policy::recycle_reading> readings;
  for (const policy::worker_view& each : fleet->view()) {
    const worker_process* process = find(each.id);
    if (process == nullptr || !fleet->is_ready(each.id)) continue;
    policy::recycle_reading& one = readings.emplace_back();
    one.worker = each.id;
    one.since = each.since;
    one.requests = process->page.requests();
    if (settings.max_rss == 0 && settings.max_rss_hard == 0) continue;
    if (const auto used = os::read_usage(process->child.pid())) one.rss = used->rss;
  }
  const auto order = recycling.look(readings, !fleet->replacing(), now);
  if (order && order->at_once) apply(fleet->overgrown(order->worker, order->why, now));
  else if (order) apply(fleet->recycle(order->worker, order->why, now));
  if (running) arm_recycling();
}

}  // namespace cluster
