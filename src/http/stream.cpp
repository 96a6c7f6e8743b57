// SPDX-License-Identifier: BSL-1.0
#include <cluster/http/stream.hpp>

#include "http/engine.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace cluster::http {
namespace {

namespace asio = boost::asio;

// The octets are with the server already; what is left is to wait, if that is needed.
asio::awaitable<void> wait_for_room(exchange& data, bool rest) {
  if (!data.server->keeps_up(data)) {
    co_await data.out->room.wait(co_await asio::this_coro::executor);
  } else if (rest) {
    // A client that takes everything at once would never let anyone else have a turn.
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  }
}

}  // namespace

void stream::start(const response& head) {
  data_->server->start_stream(*data_, head);
  started_ = true;
}

asio::awaitable<void> stream::write(std::string_view octets) {
  constexpr std::uint64_t rest_every = 64 * 1024;
  if (!started_) start(response());
  const std::uint64_t before = data_->out->bytes;
  data_->server->write_piece(*data_, octets);
  return wait_for_room(*data_, before / rest_every != data_->out->bytes / rest_every || data_->out->discard);
}

void stream::end_on_drain() { data_->server->end_on_drain(*data_); }

asio::awaitable<std::string_view> body_reader::read() {
  inflow& in = *data_->in;
  in.piece.clear();
  if (in.done) co_return std::string_view{};
  data_->server->want_piece(*data_);
  co_await in.more.wait(co_await asio::this_coro::executor);
  co_return in.piece;
}

}  // namespace cluster::http
