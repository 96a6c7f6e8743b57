// SPDX-License-Identifier: BSL-1.0
#include "http/engine.hpp"

namespace cluster::http {

// Sends a connection at a request boundary to another process. Out of the epoll set first: the registration
// belongs to the open file, which lives on elsewhere, so closing our descriptor would not end it.
bool engine::try_move(connection& c) {
  if (!c.at_boundary() || !c.unsent.empty()) return false;
  if (!mover_.possible || !mover_.possible()) return false;
  if (c.watched) set_.remove(c.fd);
  moving_connection out{c.fd, std::string(c.unread.view()), {}, false};
  if (!mover_.move(out)) {
    if (c.watched && !set_.add_connection(c.fd, c)) reset(c);
    return c.at == phase::dead;
  }
  c.unread.release();
  release(c);
  return true;
}

void engine::on_move_change() {
  if (!draining_ || stopped_) return;
  clock_.update();
  in_batch_ = true;
  if (mover_.possible) pool_.for_each_while(mover_.possible, [this](connection& c) { try_move(c); });
  in_batch_ = false;
  pool_.recycle();
  check_drained();
}

bool engine::adopt(moving_connection&& arrived) {
  // One that comes back is this worker's own, and is served to its end here if nobody else takes it.
  if (stopped_ || (draining_ && !arrived.returned)) return false;
  clock_.update();
  open(arrived.fd, arrived.unread);
  pool_.recycle();
  if (!queue_.empty()) schedule();
  arm();
  return true;
}

}  // namespace cluster::http
