// SPDX-License-Identifier: BSL-1.0
// One number for all workers: it lives in the supervisor, and workers ask for it by messages. Worker to
// worker works the same way, and `broadcast` reaches all.
//   ./10_shared_counter        then: curl http://127.0.0.1:8000/ a few times; curl -X POST .../reset
// A count that has to survive the supervisor belongs into a database: see 02_todo_api.
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <string>

namespace http = cluster::http;

namespace {

int serve(cluster::worker& self) {
  http::router app;
  app.get("/", [&self](const http::request&) -> boost::asio::awaitable<http::response> {
    const cluster::message answer = co_await self.async_request(
        cluster::supervisor_id, {"next", {}}, std::chrono::seconds(1), boost::asio::use_awaitable);
    co_return http::text("visitor " + answer.data + ", served by worker " + std::to_string(self.id().value) +
                         "\n");
  });
  app.post("/reset", [&self](const http::request&) -> boost::asio::awaitable<http::response> {
    co_await self.async_send(cluster::supervisor_id, {"reset", {}}, boost::asio::use_awaitable);
    co_return http::status(204);
  });
  return http::serve(self, app);
}

void keep_count(cluster::supervisor& master, unsigned long& count) {
  master.on_request([&count](cluster::worker_id, cluster::message&&, const cluster::responder& answer) {
    answer({std::to_string(++count), {}});
  });
  master.on_message([&count](cluster::worker_id, cluster::message&& what) {
    if (what.data == "reset") count = 0;
  });
}

}  // namespace

int main(int argc, char** argv) {
  unsigned long count = 0;
  return cluster::run(argc, argv, {.name = "counter"}, serve,
                      [&count](cluster::supervisor& master) { keep_count(master, count); });
}
