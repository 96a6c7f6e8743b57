// SPDX-License-Identifier: BSL-1.0
// One process, one port of 127.0.0.1, the real server with its limits and time-outs on: what the loop
// costs, without a supervisor. Ends at SIGTERM.
//
//   bench_server PORT
#include <cluster/http.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <cstdlib>
#include <iostream>

namespace asio = boost::asio;
namespace http = cluster::http;

namespace {

int run(unsigned short port) {
  asio::io_context context(1);
  const asio::ip::tcp::endpoint where(asio::ip::address_v4::loopback(), port);
  asio::ip::tcp::acceptor socket(context);
  socket.open(where.protocol());
  socket.set_option(asio::ip::tcp::acceptor::reuse_address(true));
  socket.bind(where);
  socket.listen(4096);
  socket.non_blocking(true);

  http::router app;
  app.get("/", [](const http::request&) { return http::text("Hello, World!\n"); });
  app.get("/todos/{id}", [](const http::request& q) { return http::text(std::string(q.param("id"))); });
  app.post("/echo", [](const http::request& q) { return http::text(std::string(q.body())); });
  app.get("/big", [] { return http::text(std::string(65536, 'x')); });
  app.get("/async", []() -> asio::awaitable<http::response> {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(0));
    co_await timer.async_wait(asio::use_awaitable);
    co_return http::text("Hello, World!\n");
  });

  http::server server(context, app);
  const std::array listeners{
      cluster::listener{.name = "bench", .uri = "", .port = port, .native_handle = socket.native_handle()}};
  server.start(listeners);

  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&](cluster::error_code, int) {
    server.stop();
    context.stop();
  });
  context.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: bench_server PORT\n";
    return 2;
  }
  return run(static_cast<unsigned short>(std::atoi(argv[1])));
}
