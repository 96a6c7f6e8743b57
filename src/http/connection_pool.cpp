// SPDX-License-Identifier: BSL-1.0
#include "http/connection_pool.hpp"

namespace cluster::http {

connection& connection_pool::open(int fd) {
  if (free_.empty()) {
    auto block = std::make_unique<connection[]>(block_size);
    // Room in both lists for every object there is, so that closing never allocates.
    const std::size_t all = (blocks_.size() + 1) * block_size;
    free_.reserve(all);
    closed_.reserve(all);
    for (std::size_t i = block_size; i > 0; --i) free_.push_back(&block[i - 1]);
    blocks_.push_back(std::move(block));
  }
  connection& c = *free_.back();
  free_.pop_back();
  c.fd = fd;
  c.at = phase::idle;
  c.readable = c.watched = c.newcomer = c.asked = c.backlog = c.queued = c.linger = c.ending = c.expired =
      c.stays = false;
  c.scanned = 0;
  c.dropped = 0;
  c.limit = wheel_entry::never;
  c.previous_open = nullptr;
  c.next_open = first_;
  if (first_ != nullptr) first_->previous_open = &c;
  first_ = &c;
  ++open_count_;
  return c;
}

void connection_pool::close(connection& gone) noexcept {
  if (gone.previous_open != nullptr) gone.previous_open->next_open = gone.next_open;
  else first_ = gone.next_open;
  if (gone.next_open != nullptr) gone.next_open->previous_open = gone.previous_open;
  gone.next_open = gone.previous_open = nullptr;
  gone.at = phase::dead;
  gone.fd = -1;
  gone.unread.release();
  gone.unsent.release();
  gone.file.reset();
  --open_count_;
  closed_.push_back(&gone);
}

void connection_pool::recycle() {
  std::size_t kept = 0;
  for (connection* c : closed_) {
    // A coroutine or the work queue may still point to it.
    if (c->current || c->queued) {
      closed_[kept++] = c;
    } else {
      c->own.state.reset();
      c->own.edge.reset();
      free_.push_back(c);
    }
  }
  closed_.resize(kept);
}

}  // namespace cluster::http
