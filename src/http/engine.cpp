// SPDX-License-Identifier: BSL-1.0
#include "http/engine.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <utility>

#include <sched.h>
#include <sys/socket.h>

namespace cluster::http {
namespace {

wire::limits limits_of(const server_options& o) {
  return {o.header_bytes, o.target_bytes,          o.header_fields,
          o.body_bytes,   o.chunk_extension_bytes, o.trailer_bytes};
}

// A quarter of the shortest limit, within reason.
std::uint64_t tick_of(const server_options& o) {
  std::chrono::milliseconds shortest{1000};
  for (const auto time :
       {o.header_time, o.body_progress_time, o.body_time, o.idle_time, o.write_progress_time, o.linger_time,
        o.drain_idle_time, o.drain_tls_idle_time, o.handshake_time})
    if (time.count() > 0) shortest = std::min(shortest, time);
  return static_cast<std::uint64_t>(std::clamp<std::int64_t>(shortest.count() / 4, 4, 250));
}

// Whether the last of them is a client's that ran on this processor (socket(7), SO_INCOMING_CPU).
bool sent_from_here(std::span<const epoll_event> events) noexcept {
  if (events.empty()) return false;
  const poll_target& target = poll_set::target_of(events.back());
  if (target.what != poll_target::kind::connection) return false;
  int processor = -1;
  socklen_t size = sizeof processor;
  ::getsockopt(static_cast<const connection&>(target).fd, SOL_SOCKET, SO_INCOMING_CPU, &processor, &size);
  return processor == ::sched_getcpu();
}

}  // namespace

engine::engine(boost::asio::io_context& context, const route_tree& routes, server_options options)
    : context_(context),
      options_(std::move(options)),
      limits_(limits_of(options_)),
      wheel_(tick_of(options_), clock_.now()),
      trust_(options_.proxies),
      exchanges_(limits_, trust_.reads_fields() ? &trust_ : nullptr),
      set_(context),
      acceptor_(context, set_, options_,
                [this](int fd, const listener& from) {
                  // Handlers before it in this batch may have taken long; its time begins now.
                  clock_.update();
                  // Before it can have its answer: limits count what clients know of.
                  publish_load(1);
                  open(fd, {}, {{}, edge_of(fd, from)}, true);
                  publish_load();
                }),
      dispatcher_(routes, options_, counters_),
      reader_(limits_),
      tick_(context),
      soft_timer_(context),
      hard_timer_(context),
      read_size_(std::max(options_.header_bytes, std::size_t{32} * 1024)),
      spare_(exchanges_.take()) {}

engine::~engine() { stop(); }

void engine::start(std::span<const listener> listeners) {
  for (const listener& l : listeners)
    if (l.tls && !tls_) throw std::invalid_argument("listener " + l.name + ": TLS needs a certificate");
  for (const listener& l : listeners) acceptor_.add(l);
  arm();
}

void engine::release(const listener& from) {
  if (stopped_) return;
  clock_.update();
  const bool nested = std::exchange(in_batch_, true);
  acceptor_.remove(from.number);
  in_batch_ = nested;
  publish_load();
  if (!queue_.empty()) schedule();
  arm();
}

void engine::arm() {
  if (armed_ || stopped_ || set_.is_host()) return;
  armed_ = true;
  set_.async_wait([self = shared_from_this()](const error_code& ec) {
    self->armed_ = false;
    if (!ec) return self->on_ready();
    self->arm();  // it was the host for a while
  });
}

// Accepting goes one by one between the connections that are ready: in larger helpings it measured a tenth
// dearer a connection. It is the set that is asked again, and only a few times before the context has its
// turn.
void engine::on_ready() {
  if (stopped_) return;
  serve_batch(set_.poll());
  arm();
}

void engine::serve_batch(std::span<const epoll_event> first) {
  recorder_.begin_batch();
  in_batch_ = true;
  look_as_often_as_it_pays(first);
  in_batch_ = false;
  show_work();
  if (!queue_.empty()) schedule();
}

void engine::show_work() {
  counters_.accept_failures = acceptor_.rests();
  recorder_.end_batch(counters_);
  publish_load();
}

// Who runs meanwhile may be whoever looks at what was done here.
give_way::time engine::let_others_run() {
  show_work();
  const auto left = recorder::clock::now();
  ::sched_yield();
  const give_way::time away = recorder::clock::now() - left;
  recorder_.begin_batch();
  give_way_.took(away);
  return away;
}

// Others on the context have their turn after so many looks, one whole batch of events, or a slice of time in
// which other processes ran.
void engine::look_as_often_as_it_pays(std::span<const epoll_event> seen) {
  std::size_t events = 0;
  give_way::time away_in_all{};
  for (unsigned rounds = 1;; ++rounds) {
    clock_.update();
    const bool arrivals = accept(seen, rounds == 1);
    handle(seen);
    events += seen.size();
    const bool again = !seen.empty() && look_again_.pays();
    if ((!again && !arrivals) || rounds == options_.accepts_at_once || events >= poll_set::batch ||
        away_in_all >= give_way::slice || stopped_)
      return;
    const auto away = again && give_way_.pays(clock_.now()) ? let_others_run() : give_way::time{};
    seen = set_.poll();
    if (away >= give_way::slice && !sent_from_here(seen)) give_way_.lost(away, clock_.now());
    if (again) look_again_.was(seen.empty());
    away_in_all += away;
  }
}

// Before anything else of a batch: where they watch exclusively, no other worker was woken for them, and what
// handlers do may take long. Returns whether connections were accepted.
bool engine::accept(std::span<const epoll_event> events, bool waited) {
  using enum acceptor::sighting;
  const auto how = !waited ? looking : events.size() == 1 ? alone : amid;
  bool accepted = false;
  for (const epoll_event& event : events)
    if (poll_target& target = poll_set::target_of(event); target.what == poll_target::kind::listener)
      accepted = acceptor_.ready(target, how) || accepted;
  return accepted;
}

void engine::handle(std::span<const epoll_event> events) {
  for (const epoll_event& event : events)
    if (poll_target& target = poll_set::target_of(event); target.what == poll_target::kind::connection)
      on_event(static_cast<connection&>(target), event.events);
  pool_.recycle();
  acceptor_.recycle();
}

void engine::set_balance(balance how) {
  balance_ = std::move(how);
  acceptor_.set_above_share(balance_.above_share);
  acceptor_.set_has_enough(balance_.has_enough);
  acceptor_.set_has_peers(balance_.has_peers);
}

void engine::hold(bool on) {
  if (!stopped_) acceptor_.hold(on);
}

void engine::publish_load(std::uint64_t coming) {
  if (!balance_.publish || counters_.open + coming == published_) return;
  published_ = counters_.open + coming;
  balance_.publish(static_cast<std::uint32_t>(published_));
  acceptor_.reconsider();
}

void engine::on_event(connection& c, std::uint32_t events) {
  switch (c.at) {
    case phase::dead: return;
    case phase::lingering: return drop_input(c);
    case phase::handling:
      // Nobody is left to answer.
      if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close(c);
      if ((events & EPOLLRDHUP) != 0 && end_cancels(c)) return close(c);
      break;
    case phase::idle:
    case phase::head:
    case phase::body:
    case phase::sending:
    case phase::closing:
    case phase::arriving: break;
  }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0) c.readable = true;
  // The end of the stream shows only after the last octet, so a short read does not mean drained then.
  c.ending = (events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0;
  guarded_turn(c);
}

// Whether a client that says nothing more has also stopped listening: always so where it is told things as
// they come.
bool engine::end_cancels(const connection& c) const noexcept {
  if (c.current->in && !c.current->in->done) return false;  // its content may well end like that
  return options_.end_cancels || c.current->out;
}

void engine::enqueue(connection& c) {
  if (c.queued) return;
  c.queued = true;
  queue_.push_back(&c);
  if (!in_batch_) schedule();
}

void engine::schedule() {
  if (scheduled_ || stopped_) return;
  scheduled_ = true;
  boost::asio::post(context_, [self = shared_from_this()] {
    self->scheduled_ = false;
    self->run_queue();
  });
}

// One turn for each that has work left; what then still has some waits for the next round, behind
// whatever else the context has to do.
void engine::run_queue() {
  if (stopped_) return;
  clock_.update();
  recorder_.begin_batch();
  in_batch_ = true;
  running_.swap(queue_);
  for (connection* c : running_) {
    c->queued = false;
    if (c->at != phase::dead) guarded_turn(*c);
  }
  running_.clear();
  in_batch_ = false;
  recorder_.end_batch(counters_);
  pool_.recycle();
  if (!queue_.empty()) schedule();
}

void engine::arm_tick() {
  if (ticking_ || stopped_) return;
  ticking_ = true;
  tick_.expires_after(std::chrono::milliseconds(wheel_.tick()));
  tick_.async_wait([self = shared_from_this()](const error_code& ec) {
    self->ticking_ = false;
    if (!ec) self->on_tick();
  });
}

void engine::on_tick() {
  if (stopped_) return;
  clock_.update();
  in_batch_ = true;
  wheel_.advance(clock_.now(), [this](wheel_entry& entry) {
    auto& c = static_cast<connection&>(entry);
    try {
      expire(c);
    } catch (const std::exception& e) {
      fail(c, e);
    }
  });
  in_batch_ = false;
  pool_.recycle();
  if (!queue_.empty()) schedule();
  if (pool_.open_count() != 0) arm_tick();  // otherwise the next connection does
}

void engine::expire(connection& c) {
  if (!c.unsent.empty() || c.at == phase::sending) {
    ++counters_.timed_out;
    return reset(c);
  }
  switch (c.at) {
    case phase::idle:
      // A request may have come in this very moment.
      if (!c.expired) {
        c.expired = c.readable = true;
        guarded_turn(c);
        c.expired = false;
        if (c.at != phase::idle) return;
      }
      if (!ends(c)) {
        ++counters_.timed_out;
        return close(c);
      }
      c.linger = true;
      // No answer is on its way, so only a request that crosses our farewell is waited for.
      return finish(c, std::min(options_.linger_time, options_.drain_idle_time));
    case phase::head:
    case phase::body:
      ++counters_.timed_out;
      refuse(c, {408, "request not complete in time"});
      flush(c);
      if (c.at == phase::closing && c.unsent.empty()) finish(c);
      return;
    case phase::arriving: ++counters_.timed_out; [[fallthrough]];
    case phase::lingering: return close(c);
    case phase::handling:
      if (c.current->in && c.current->in->wanted && c.limit > clock_.now()) {
        ++counters_.timed_out;
        c.current->in->why = {408, "content not complete in time"};
        return give(*c.current->in, boost::asio::error::timed_out);
      }
      return end_request(c);
    case phase::sending:
    case phase::closing:
    case phase::dead: return;
  }
}

std::uint64_t engine::after(std::chrono::milliseconds time) const noexcept {
  if (time.count() <= 0) return wheel_entry::never;
  return clock_.now() + static_cast<std::uint64_t>(time.count());
}

}  // namespace cluster::http
