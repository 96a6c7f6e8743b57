// SPDX-License-Identifier: BSL-1.0
// A JSON API put together of parts: a mounted router with a hook that lets in, a hook behind every answer,
// a handler that blocks in a thread pool, answers made with Boost.JSON.
//   ./06_json_api --listen 127.0.0.1:8000
//   curl -i http://127.0.0.1:8000/v1/sum                                       401
//   curl -H 'Authorization: Bearer demo' -d '[1,2,3]' http://127.0.0.1:8000/v1/sum
//   curl -H 'Authorization: Bearer demo' http://127.0.0.1:8000/v1/slow
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

namespace {

namespace http = cluster::http;
namespace json = boost::json;

http::response refuse(unsigned status, const char* message) {
  return http::json(json::value{{"error", {{"message", message}}}}, status);
}

// Who asks, for the handlers behind; or an answer in their place.
std::optional<http::response> let_in(const http::request& request) {
  if (request.field("Authorization") != "Bearer demo")
    return refuse(401, "a token is required").set("WWW-Authenticate", "Bearer");
  request.attachment() = std::string("demo");
  return std::nullopt;
}

http::response sum(const http::request& request) {
  boost::system::error_code ec;
  const json::value given = json::parse(request.body(), ec);
  if (ec || !given.is_array()) return refuse(400, "an array of numbers is expected");
  double total = 0;
  for (const json::value& each : given.get_array()) {
    if (!each.is_number()) return refuse(400, "an array of numbers is expected");
    total += each.to_number<double>();
  }
  return http::json(json::value{{"sum", total}, {"user", std::any_cast<std::string>(request.attachment())}});
}

http::response slow() {
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // as a driver of some database would
  return http::json(json::value{{"slow", true}});
}

}  // namespace

int main(int argc, char** argv) {
  return cluster::run(argc, argv, {.name = "json-api"}, [](cluster::worker& self) {
    boost::asio::thread_pool pool(4);
    http::router v1;
    v1.before(let_in);
    v1.post("/sum", sum, {.body_bytes = 4096});
    v1.get("/slow", http::in_pool(pool.get_executor(), slow));
    v1.fallback([] { return refuse(404, "there is nothing here"); });

    http::router app;
    app.after([](const http::request&, http::response& answer) { answer.set("Cache-Control", "no-store"); });
    app.mount("/v1", std::move(v1));
    const int code = http::serve(self, app);
    pool.join();
    return code;
  });
}
