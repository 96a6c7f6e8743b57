// SPDX-License-Identifier: BSL-1.0
// textbook_websocket PORT: messages that come back, on Beast's WebSocket stream as the tutorials write it.
// One process, one thread.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include <cstdlib>
#include <utility>

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

asio::awaitable<void> echo(tcp::socket socket) {
  socket.set_option(tcp::no_delay(true));
  beast::websocket::stream<beast::tcp_stream> session(std::move(socket));
  session.set_option(beast::websocket::stream_base::timeout::suggested(beast::role_type::server));
  try {
    co_await session.async_accept(asio::use_awaitable);
    for (beast::flat_buffer buffer;; buffer.consume(buffer.size())) {
      co_await session.async_read(buffer, asio::use_awaitable);
      session.text(session.got_text());
      co_await session.async_write(buffer.data(), asio::use_awaitable);
    }
  } catch (const beast::system_error&) {  // the client left
  }
}

asio::awaitable<void> serve(unsigned short port) {
  tcp::acceptor acceptor(co_await asio::this_coro::executor, {asio::ip::make_address("127.0.0.1"), port});
  for (;;) {
    tcp::socket next = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), echo(std::move(next)), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  asio::io_context context;
  asio::co_spawn(context, serve(static_cast<unsigned short>(std::atoi(argv[1]))), asio::detached);
  context.run();
}
