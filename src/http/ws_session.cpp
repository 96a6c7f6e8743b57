// SPDX-License-Identifier: BSL-1.0
#include "http/ws_session.hpp"

#include "http/engine.hpp"
#include "http/moved_state.hpp"
#include "wire/close_code.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <algorithm>
#include <stdexcept>

#include <sys/socket.h>

namespace cluster::http {

namespace asio = boost::asio;
namespace ws = boost::beast::websocket;

namespace {

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

boost::beast::string_view view(std::string_view text) { return {text.data(), text.size()}; }

// What Beast has to see of a handshake that was checked already: offers of extensions are not taken.
auto handshake_of(const wire::request_head& head) {
  boost::beast::http::request<boost::beast::http::empty_body> out;
  out.method(boost::beast::http::verb::get);
  out.target(view(head.target));
  out.version(11);
  for (const std::string_view name : {"Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version"})
    out.set(view(name), view(head.find(name)));
  out.set("Connection", "Upgrade");
  out.set("Upgrade", "websocket");
  return out;
}

// Lines made by response::set() into the answer that Beast makes.
void add_lines(ws::response_type& to, std::string_view lines) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(line.size() + 2);
    const std::size_t colon = line.find(':');
    to.insert(view(line.substr(0, colon)), view(line.substr(colon + 2)));
  }
}

bool address_of(int fd, sockaddr_storage& address) {
  socklen_t size = sizeof address;
  return ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
}

}  // namespace

ws_session::ws_session(engine& owner, asio::io_context& context, std::unique_ptr<exchange> request,
                       std::shared_ptr<const ws_route> route, ws_beginning from)
    : owner_(owner),
      request_(std::move(request)),
      route_(std::move(route)),
      from_(std::move(from)),
      stream_(context, route_->options.message_fragments),
      progress_(context) {
  request_->carrier = &from_.own;
  if (from_.own.sealed()) layer().use_tls(*from_.own.edge->tls);
  request_->fd = from_.fd;
  sockaddr_storage address{};
  const int family = address_of(from_.fd, address) ? address.ss_family : AF_UNIX;
  layer().socket().assign({family, 0}, from_.fd);
  layer().fence().append(from_.unread);
}

void ws_session::start() {
  owner_lives_ = owner_.shared_from_this();
  asio::co_spawn(layer().get_executor(), run(),
                 asio::bind_cancellation_slot(cancel_.slot(),
                                              [self = shared_from_this()](const std::exception_ptr& failure) {
                                                self->ended(failure);
                                              }));
}

void ws_session::set_options() {
  const websocket_options& options = route_->options;
  stream_.read_message_max(options.message_bytes);
  stream_.auto_fragment(false);
  ws::stream_base::timeout limits{};
  limits.handshake_timeout = options.close_time;
  limits.idle_timeout = options.idle_time.count() > 0 ? options.idle_time : ws::stream_base::none();
  limits.keep_alive_pings = true;
  stream_.set_option(limits);
  stream_.set_option(ws::stream_base::decorator([this](ws::response_type& answer) {
    add_lines(answer, from_.fields);
    if (answer.count("Server") == 0) answer.set("Server", "cluster");  // else Beast names itself
  }));
}

asio::awaitable<void> ws_session::open() {
  set_options();
  if (!from_.first.empty())
    co_await asio::async_write(layer().socket(), asio::buffer(from_.first), asio::use_awaitable);
  const auto handshake = handshake_of(request_->head);
  layer().swallow(from_.resumed);
  co_await stream_.async_accept(handshake, asio::use_awaitable);
  layer().swallow(false);
  layer().on_leave([this] { return leave(); });
  opened_ = true;
  if (close_when_open_ != 0) close_soon(close_when_open_);
}

asio::awaitable<void> ws_session::run() {
  co_await open();
  websocket handle(shared_from_this());
  unsigned code = 1000;
  std::exception_ptr failure;
  try {
    co_await route_->handle(request_->view, handle);
  } catch (...) {
    failure = std::current_exception();
    code = 1011;
  }
  // What a session that is over throws on its way out is no failure of the handler.
  if (failure && !over_ && !closing_) owner_.session_failed(*request_, failure);
  if (!over_ && !closing_) co_await finish(code, {});
  // Somebody else closes it: not before that is through.
  while (!over_) {
    const auto here = room_.emplace(room_.end());
    co_await here->wait_quietly(co_await asio::this_coro::executor);
    room_.erase(here);
  }
}

void ws_session::ended(const std::exception_ptr& failure) {
  static_cast<void>(failure);  // of the connection: the handler's own were reported
  through_ = over_ = true;
  tell_waiters();
  progress_.cancel();
  error_code ignored;
  layer().socket().close(ignored);
  layer().on_leave({});
  request_->fd = -1;
  owner_.session_ended(*this);
}

void ws_session::fall(error_code why) {
  over_ = true;
  queue_.clear();
  queued_ = 0;
  tell_waiters();
  error_code ignored;
  if (why && why != ws::error::closed) layer().socket().close(ignored);  // ends whatever still waits for it
}

asio::awaitable<std::optional<websocket::message>> ws_session::read() {
  if (reading_) throw std::logic_error("websocket: one read at a time");
  if (over_) throw boost::system::system_error(asio::error::operation_aborted, "the session has ended");
  reading_ = true;
  const auto [ec, n] = co_await stream_.async_read(incoming_, as_tuple);
  reading_ = false;
  if (ec) {
    const bool in_order = ec == ws::error::closed;
    fall(ec);
    if (in_order) co_return std::nullopt;
    throw boost::system::system_error(ec);
  }
  websocket::message out{boost::beast::buffers_to_string(incoming_.data()),
                         stream_.got_text() ? websocket::kind::text : websocket::kind::binary};
  incoming_.consume(n);
  constexpr std::size_t worth_keeping = 64 * 1024;
  if (incoming_.capacity() > worth_keeping) incoming_.shrink_to_fit();
  co_return std::move(out);
}

bool ws_session::post(std::shared_ptr<const std::string> data, websocket::kind type) {
  if (over_ || closing_ || moved_) return false;
  if (queued_ != 0 && queued_ + data->size() > route_->options.queue_bytes) return false;
  queued_ += data->size() + 1;  // an empty message is one as well
  queue_.push_back({std::move(data), type});
  write_next();
  return true;
}

asio::awaitable<void> ws_session::send(std::string data, websocket::kind type) {
  const auto shared = std::make_shared<const std::string>(std::move(data));
  while (!post(shared, type)) {
    if (over_ || closing_)
      throw boost::system::system_error(asio::error::operation_aborted, "the session has ended");
    const auto here = room_.emplace(room_.end());
    const error_code ec = co_await here->wait_quietly(co_await asio::this_coro::executor);
    room_.erase(here);
    if (ec) throw boost::system::system_error(ec);
  }
}

void ws_session::write_next() {
  if (writing_ || queue_.empty() || over_ || !opened_) return;
  writing_ = true;
  writing_since_ = std::chrono::steady_clock::now();
  if (!watching_) watch_progress();
  const outgoing next = queue_.front();  // the queue may be given up while this is written
  stream_.text(next.type == websocket::kind::text);
  stream_.async_write(asio::buffer(*next.data), [self = shared_from_this(), data = next.data](
                                                    error_code ec, std::size_t) { self->written(ec); });
}

void ws_session::written(error_code ec) {
  writing_ = false;
  if (ec || over_) return fall(ec);
  queued_ -= queue_.front().data->size() + 1;
  queue_.pop_front();
  if (queued_ <= route_->options.queue_bytes / 2) tell_waiters();
  write_next();
  if (queue_.empty()) owner_.session_is_quiet(*this);
}

void ws_session::tell_waiters() {
  for (waiter& each : room_) each.tell({});
}

// Beast's own limit looks at what comes in; this one at what goes out. One timer serves many messages:
// setting it for each of them would cost as much as sending it.
void ws_session::watch_progress() {
  watching_ = true;
  progress_.expires_at(writing_since_ + route_->options.close_time);
  progress_.async_wait([weak = weak_from_this()](error_code ec) {
    const auto self = weak.lock();
    if (!self) return;
    self->watching_ = false;
    if (ec || !self->writing_) return;
    if (std::chrono::steady_clock::now() >= self->writing_since_ + self->route_->options.close_time)
      self->stop();
    else self->watch_progress();
  });
}

asio::awaitable<void> ws_session::close(unsigned code, std::string reason) {
  constexpr std::size_t longest_reason = 123;
  if (!wire::may_be_sent(code) || code == 1010 || reason.size() > longest_reason)
    throw std::invalid_argument("websocket: bad close code or reason");
  if (!over_ && !closing_) co_await finish(code, std::move(reason));
}

asio::awaitable<void> ws_session::finish(unsigned code, std::string reason) {
  closing_ = true;
  while (!over_ && !queue_.empty()) {
    const auto here = room_.emplace(room_.end());
    co_await here->wait_quietly(co_await asio::this_coro::executor);
    room_.erase(here);
  }
  if (over_) co_return;
  const ws::close_reason why(static_cast<ws::close_code>(code), view(reason));
  co_await stream_.async_close(why, as_tuple);
  fall({});
}

void ws_session::close_soon(unsigned code) {
  if (over_ || closing_) return;
  if (!opened_) {
    close_when_open_ = code;
    return;
  }
  asio::co_spawn(
      layer().get_executor(),
      [](std::shared_ptr<ws_session> self, unsigned with) -> asio::awaitable<void> {
        co_await self->finish(with, {});
      }(shared_from_this(), code),
      asio::detached);
}

void ws_session::stop() {
  fall(asio::error::operation_aborted);
  // As with other coroutines: on the loop, and not behind its end.
  asio::dispatch(layer().get_executor(), [self = shared_from_this()] {
    if (!self->through_) self->cancel_.emit(asio::cancellation_type::terminal);
  });
}

void ws_session::go_away() { close_soon(1012); }

void ws_session::ask_to_leave() {
  if (route_->options.moves && !from_.own.sealed() && !over_ && !closing_) layer().ask_to_leave();
}

// Between two messages, while the layer's read is the only thing under way.
bool ws_session::leave() {
  if (!opened_ || !reading_ || writing_ || closing_ || over_ || !queue_.empty()) return false;
  if (!move_away()) {
    layer().stay();
    return false;
  }
  moved_ = over_ = true;
  return true;
}

bool ws_session::move_away() {
  if (!owner_.may_move_session()) return false;
  const std::string& head = request_->head_bytes;
  std::optional<std::string> octets = owner_.saved_octets(state());
  if (head.size() > moved_state::most_head || !octets) return false;
  moved_state going{moved_state::kind::websocket, *octets, state().has_value(), head, subprotocol()};
  if (const auto& edge = from_.own.edge) {
    going.client = edge->client;
    going.client_secure = edge->client_secure;
  }
  const std::string packed = pack_state(going);
  const auto protocol = layer().socket().local_endpoint().protocol();
  moving_connection out{layer().socket().release(), std::string(layer().fence().held()), packed, false};
  if (owner_.move_session(out)) return true;
  layer().socket().assign(protocol, out.fd);
  return false;
}

}  // namespace cluster::http
