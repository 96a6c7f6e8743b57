// SPDX-License-Identifier: BSL-1.0
#include <cluster/worker.hpp>

#include "os/sealed_file.hpp"
#include "worker/impl.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>

namespace cluster {

worker::worker(boost::asio::io_context& context) : impl_(std::make_shared<impl>(context)) {
  handshake_result result = shake_hands();
  impl_->listeners = std::move(result.identity.listeners);
  for (std::size_t i = 0; i < impl_->listeners.size(); ++i)
    if (impl_->listeners[i].number == 0) impl_->listeners[i].number = i + 1;
  impl_->identity = std::move(result.identity);
  impl_->board = std::move(result.board);
  *impl_->page = std::move(result.page);
  if (result.tls) impl_->take_tls(std::move(result.tls), impl_->identity.tls);
  impl_->arguments = own_arguments();
  impl_->log.level = impl_->identity.level;
  impl_->log.format = impl_->identity.format;
  impl_->complain = [this](const std::string& where, const std::string& what) {
    report_failure(where, what);
  };
  impl_->post.on_exception = [this](const std::string& where, const std::string& what) {
    report_failure(where, what);
  };
  impl_->converse(std::move(result.socket));
  impl_->watch(context.get_executor());
}

worker::~worker() {
  impl_->forget_signals();
  impl_->guard.stop();
  impl_->stop_heartbeats();
  impl_->call_timer.cancel();
  if (impl_->channel) impl_->channel->close();
  impl_->lose_mail(boost::asio::error::operation_aborted);
  impl_->moves->close();
  impl_->stop_accepting();
  const error_code aborted = boost::asio::error::operation_aborted;
  while (!impl_->waiters.empty()) impl_->complete_wait(impl_->waiters.front().key, aborted);
}

boost::asio::io_context& worker::context() const noexcept { return impl_->context; }
worker_id worker::id() const noexcept { return impl_->identity.worker; }
slot_id worker::slot() const noexcept { return impl_->identity.slot; }
generation_id worker::generation() const noexcept { return impl_->identity.generation; }
std::string_view worker::name() const noexcept { return impl_->identity.name; }
worker_state worker::state() const noexcept { return impl_->state; }
std::span<const std::string> worker::arguments() const noexcept { return impl_->arguments; }
std::span<const listener> worker::listeners() const noexcept { return impl_->listeners; }
std::string_view worker::probe() const noexcept { return impl_->identity.probe; }
std::chrono::milliseconds worker::request_timeout() const noexcept { return impl_->identity.request_timeout; }
std::string_view worker::tls_material() const noexcept { return impl_->tls_text; }
proxy_options worker::proxies() const {
  using fields = proxy_options::fields;
  const std::uint64_t which = impl_->identity.forwarded;
  const bool known = which <= static_cast<std::uint64_t>(fields::x_forwarded);
  return {impl_->identity.trusted_proxies, known ? static_cast<fields>(which) : fields::none};
}
void worker::on_tls_change(std::function<void()> handler) { impl_->tls_changed = std::move(handler); }
const logger& worker::log() const noexcept { return impl_->log; }

void worker::ready() {
  if (impl_->state != worker_state::starting) return;
  impl_->state = worker_state::ready;
  // From here on it is watched, however long the start has taken.
  if (!impl_->heartbeats.empty()) impl_->heartbeats.front()->show();
  impl_->show_load();
  impl_->channel->send(ipc::ready{});
}

void worker::start_wait_drain(drain_handler handler) { impl_->wait_drain(std::move(handler)); }

void worker::request_replacement(std::string_view why) {
  if (impl_->state == worker_state::ready && impl_->channel)
    impl_->channel->send(ipc::replace_me{std::string(why.substr(0, 300))});
}
void worker::request_drain() { impl_->request_drain(); }
void worker::handle_signals() { impl_->handle_signals(); }

void worker::release_listeners() { impl_->release_listeners(); }

void worker::on_listener_added(listener_handler handler) { impl_->on_listener_added = std::move(handler); }
void worker::on_listener_removed(listener_handler handler) {
  impl_->on_listener_removed = std::move(handler);
}

cluster::schedule worker::schedule() const noexcept { return impl_->identity.schedule; }
bool worker::accepts() const noexcept { return impl_->accepts(); }
void worker::on_accepts_change(std::function<void()> handler) {
  impl_->on_accepts_change = std::move(handler);
}
bool worker::has_enough() const noexcept { return impl_->has_enough(); }
void worker::start_accept(accept_handler handler) { impl_->accept(std::move(handler)); }

void worker::publish_load(std::uint32_t connections) noexcept {
  impl_->load = connections;
  if (impl_->state == worker_state::ready) impl_->board.publish(impl_->identity.slot.value, connections);
}
bool worker::above_share() const noexcept { return impl_->board.above_share(impl_->identity.slot.value); }
bool worker::has_peers() const noexcept {
  return impl_->identity.schedule != schedule::reuse_port &&
         impl_->board.others_than(impl_->identity.slot.value);
}
void worker::publish_traffic(const traffic& totals) noexcept { impl_->page->count(totals); }
void worker::publish_latency(std::chrono::nanoseconds time, std::uint64_t requests) noexcept {
  impl_->page->add_latency(time, requests);
}
void worker::name_routes(const std::vector<std::string>& names) { impl_->page->name_routes(names); }
void worker::publish_route(std::size_t which, const route_numbers& now) noexcept {
  impl_->page->count_route(which, now);
}
void worker::watch(boost::asio::any_io_executor loop) { impl_->watch(std::move(loop)); }
bool worker::can_move() const noexcept { return impl_->moves->possible(); }
bool worker::move(moving_connection& what) { return impl_->moves->move(what); }
std::size_t worker::moving() const noexcept { return impl_->moves->under_way(); }
void worker::on_arrival(std::function<bool(moving_connection&&)> handler) {
  impl_->moves->on_arrival(std::move(handler));
}
void worker::on_move_change(std::function<void()> handler) { impl_->moves->on_change(std::move(handler)); }
void worker::count_finished(std::uint64_t requests) noexcept { impl_->finished = requests; }

void worker::done() {
  if (impl_->state == worker_state::exited) return;
  impl_->state = worker_state::exited;
  impl_->channel->send(ipc::done{impl_->moves->moved(), impl_->finished});
  impl_->lose_mail(make_error_code(error::channel_closed));
  impl_->channel->finish();
  impl_->moves->close();
  impl_->forget_signals();
  impl_->stop_heartbeats();
  // With nobody there who would end it, the guard stays until the object goes.
  if (!impl_->orphaned_since) impl_->guard.stop();
  impl_->call_timer.cancel();
}

void worker::report_failure(std::string_view where, std::string_view what) noexcept try {
  const auto suppressed = impl_->failures.spend(std::chrono::steady_clock::now());
  if (!suppressed) return;
  impl_->log(log_level::error, std::string(where) + ": " + std::string(what));
  impl_->channel->send(ipc::handler_failure{std::string(where), std::string(what), *suppressed});
} catch (...) {
  // Out of memory while reporting: the report is what can be given up.
}

void worker::impl::converse(os::unique_fd socket) {
  guard.watch_channel(socket.get());
  channel = std::make_shared<ipc::channel>(context.get_executor(), std::move(socket));
  mail = std::make_shared<ipc::mailbox>(context.get_executor(), channel);
  mail->start();
  channel->start(
      [weak = weak_from_this()](const ipc::message& what, std::vector<os::unique_fd> descriptors) {
        if (const auto self = weak.lock()) self->on_message(what, std::move(descriptors));
      },
      [weak = weak_from_this()](error_code why) {
        if (const auto self = weak.lock()) self->on_channel_end(why);
      });
}

void worker::impl::on_message(const ipc::message& what, std::vector<os::unique_fd> descriptors) {
  if (const auto* letter = std::get_if<ipc::note>(&what)) return on_note(*letter, std::move(descriptors));
  if (std::holds_alternative<ipc::adopt>(what) && descriptors.size() == 1)
    return moves->add_source(std::move(descriptors.front()));
  if (const auto* terms = std::get_if<ipc::adopted>(&what)) return be_adopted(*terms);
  if (const auto* offer = std::get_if<ipc::offer>(&what)) return on_offer(*offer, std::move(descriptors));
  if (const auto* secret = std::get_if<ipc::tls_material>(&what);
      secret != nullptr && descriptors.size() == 1)
    return take_tls(std::move(descriptors.front()), secret->size);
  if (const auto* more = std::get_if<ipc::listen>(&what);
      more != nullptr && more->listeners.size() == descriptors.size())
    return take_listeners(more->listeners, descriptors);
  if (const auto* gone = std::get_if<ipc::unlisten>(&what)) return drop_listener(gone->number);
  const auto* drain = std::get_if<ipc::drain>(&what);
  if (drain != nullptr) {
    const auto now = std::chrono::steady_clock::now();
    begin_drain({now + drain->soft, now + drain->remaining, drain->reason});
  }
  if (drain != nullptr || std::holds_alternative<ipc::heirs>(what))
    for (os::unique_fd& line : descriptors) moves->add_heir(std::move(line));
}

void worker::impl::take_tls(os::unique_fd file, std::uint64_t size) {
  std::string text;
  if (const os::failure failed = os::read_sealed_file(file.get(), size, text))
    return log(log_level::error, "tls: " + failed.detail);
  tls_file = std::move(file);
  tls_text = std::move(text);
  if (tls_changed) tls_changed();
}

// The supervisor is gone, or a channel to it is of no use any more: finish what is there and leave.
void worker::impl::on_channel_end(error_code why) {
  guard.watch_channel(-1);
  if (state == worker_state::exited) return;
  lose_mail(make_error_code(error::channel_closed));
  if (may_be_adopted()) return become_orphan(why);
  log(log_level::error, "the supervisor is gone (" + why.message() + "); this worker drains and leaves");
  const auto now = std::chrono::steady_clock::now();
  begin_drain({now, now + identity.drain_timeout, exit_reason::orphaned});
}

void worker::impl::watch(boost::asio::any_io_executor loop) {
  if (!*page || identity.heartbeat.count() == 0 || heartbeats.size() == os::statistics_page::loops) return;
  const auto added = std::make_shared<heartbeat>(loop, page, heartbeats.size(), identity.heartbeat);
  heartbeats.push_back(added);
  boost::asio::post(loop, [added] { added->start(); });
}

void worker::impl::stop_heartbeats() noexcept {
  for (const auto& each : heartbeats) each->stop();
  heartbeats.clear();
}

void worker::impl::begin_drain(drain_notice what) {
  // A second notice cannot prolong the first; the deadline that comes first holds.
  if (notice) return;
  notice = what;
  // The entry is the slot's: a successor that is ready already publishes its own load there.
  if (what.reason != exit_reason::replaced && what.reason != exit_reason::recycled)
    board.withdraw(identity.slot.value);
  moves->take_no_more();
  if (state != worker_state::exited) state = worker_state::draining;
  accepts_changed();
  while (!waiters.empty()) complete_wait(waiters.front().key, {});
}

void worker::impl::request_drain() {
  if (notice) return;
  channel->send(ipc::draining{});
  const auto now = std::chrono::steady_clock::now();
  // The supervisor answers with heirs, if there are any; connections wait that long for them.
  const auto wait = std::min<std::chrono::milliseconds>(std::chrono::seconds(1), identity.drain_timeout / 2);
  begin_drain({now + wait, now + identity.drain_timeout, exit_reason::requested});
}

// Only the first signal is ours: with the handlers gone the next one has its default effect, so a
// worker that does not get through its drain can still be ended by TERM.
void worker::impl::handle_signals() {
  error_code ec;
  signals.add(SIGTERM, ec);
  if (!ec) signals.add(SIGINT, ec);
  if (ec) log(log_level::error, "signal handlers: " + ec.message());
  guard_loop();
  signals.async_wait([weak = weak_from_this()](const error_code& failed, int) {
    const auto self = weak.lock();
    if (failed || !self) return;
    self->forget_signals();
    self->request_drain();
  });
}

// clear() gives the signals back but leaves the wait pending, which would keep the context running.
void worker::impl::forget_signals() noexcept {
  error_code ignored;
  signals.clear(ignored);
  signals.cancel(ignored);
}

void worker::impl::wait_drain(drain_handler handler) {
  const std::uint64_t key = next_key++;
  auto slot = boost::asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected())
    slot.assign([weak = weak_from_this(), key](boost::asio::cancellation_type type) {
      const auto self = weak.lock();
      if (self && type != boost::asio::cancellation_type::none)
        self->complete_wait(key, boost::asio::error::operation_aborted);
    });
  waiters.push_back({key, std::move(handler)});
  if (notice) complete_wait(key, {});
}

void worker::impl::complete_wait(std::uint64_t key, error_code ec) {
  const auto found = std::ranges::find(waiters, key, &waiter::key);
  if (found == waiters.end()) return;
  drain_handler handler(std::move(found->handler));
  waiters.erase(found);
  boost::asio::get_associated_cancellation_slot(handler).clear();
  boost::asio::post(context.get_executor(),
                    boost::asio::append(std::move(handler), ec, notice.value_or(drain_notice{})));
}

void worker::impl::release_listeners() noexcept {
  for (listener& each : listeners)
    if (each.native_handle >= 0) ::close(each.native_handle);
  listeners.clear();
}

}  // namespace cluster
