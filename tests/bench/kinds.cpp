// SPDX-License-Identifier: BSL-1.0
// Further kinds of work for tests/bench/run, each the way a user would write it:
//   GET /large 64 KiB · POST /json parsed and written again · POST /post octets counted · GET /async a
//   coroutine that waits for a timer · GET /pool a thread pool · GET /ws messages that come back · GET / the
//   hello
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <string>
#include <utility>

namespace {

namespace asio = boost::asio;
namespace http = cluster::http;

http::response json_echo(const http::request& request) {
  boost::system::error_code ec;
  const boost::json::value given = boost::json::parse(request.body(), ec);
  if (ec) return http::text("not JSON\n", 400);
  return http::json(given);
}

asio::awaitable<http::response> waits(const http::request&) {
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::microseconds(100));
  co_await timer.async_wait(asio::use_awaitable);
  co_return http::text("Hello, World!\n");
}

asio::awaitable<void> echo(const http::request&, http::websocket& session) {
  while (auto message = co_await session.read())
    co_await session.send(std::move(message->data), message->type);
}

}  // namespace

int main(int argc, char** argv) {
  return cluster::run(argc, argv, {.name = "kinds"}, [](cluster::worker& self) {
    asio::thread_pool pool(1);
    http::router app;
    app.get("/", [] { return http::text("Hello, World!\n"); });
    app.get("/large",
            [large = std::make_shared<const std::string>(65536, 'x')] { return http::text(large); });
    app.post("/json", json_echo);
    app.post("/post",
             [](const http::request& request) { return http::text(std::to_string(request.body().size())); });
    app.get("/async", waits);
    app.get("/pool", http::in_pool(pool.get_executor(), [] { return http::text("Hello, World!\n"); }));
    app.websocket("/ws", echo);
    const int code = http::serve(self, app);
    pool.join();
    return code;
  });
}
