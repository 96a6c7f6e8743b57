// SPDX-License-Identifier: BSL-1.0
// The classic of the tutorials: one process listens, answers each request through a worker chosen by chance,
// and has the worker's answer sent back by a message. Two copies of each request and one process in front of
// all others: it shows messages and an embedded supervisor, and is not how to serve. The better way is
// 01_hello_cluster: workers accept for themselves, and the supervisor is on nobody's way.
//   ./09_forked_server 8000        then: curl http://127.0.0.1:8000/anything
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace {

namespace asio = boost::asio;
namespace http = cluster::http;

int work() {
  asio::io_context context(1);
  cluster::worker self(context);
  self.handle_signals();
  self.on_request([&](cluster::worker_id, cluster::message&& path, const cluster::responder& answer) {
    answer("worker " + std::to_string(self.id().value) + " answers for " + path.data + "\n");
  });
  self.async_wait_drain([&](cluster::error_code, const cluster::drain_notice&) { self.done(); });
  self.ready();
  context.run();
  return 0;
}

asio::awaitable<http::response> ask_somebody(cluster::supervisor& master, std::string path) {
  static std::minstd_rand chance{std::random_device{}()};
  const auto workers = master.status().workers;
  if (workers.empty()) co_return http::status(503);
  const auto chosen = workers[chance() % workers.size()].id;
  const auto [ec, answer] = co_await master.async_request(chosen, path, std::chrono::seconds(5),
                                                          asio::as_tuple(asio::use_awaitable));
  co_return ec ? http::status(503) : http::text(answer.data);
}

}  // namespace

int main(int argc, char** argv) {
  if (cluster::worker::started_by_supervisor()) return work();
  asio::io_context context(1);
  cluster::supervisor master(context.get_executor(), {.name = "forked", .listen = {}, .workers = 4});
  http::router app;
  app.get("/{path*}",
          [&](const http::request& request) { return ask_somebody(master, std::string(request.path())); });
  http::server front(context, app);
  const auto port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 8000);
  asio::ip::tcp::acceptor socket(context, {asio::ip::address_v4::loopback(), port});
  cluster::listener where;
  where.native_handle = socket.native_handle();
  front.start({&where, 1});
  std::cout << "listening on 127.0.0.1:" << socket.local_endpoint().port() << std::endl;
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](cluster::error_code, int) {
    front.stop();
    master.async_stop(cluster::stop_mode::graceful, [](cluster::error_code) {});
  });
  master.async_run([&](cluster::error_code) {
    front.stop();
    signals.cancel();
  });
  context.run();
  return 0;
}
