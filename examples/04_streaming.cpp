// SPDX-License-Identifier: BSL-1.0
// Answers and contents of any length, a piece at a time.
//   ./04_streaming --listen 127.0.0.1:8000
//   curl -N http://127.0.0.1:8000/events      an event a second (try a reload meanwhile; browsers reconnect)
//   curl http://127.0.0.1:8000/numbers/1000000 | tail -1
//   curl -T some.file http://127.0.0.1:8000/sum
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <string>

namespace {

namespace http = cluster::http;
using boost::asio::awaitable;

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The stream ends when its worker leaves; the id tells the next worker where the client was.
awaitable<void> events(const http::request& request, http::stream& out) {
  http::event_stream events(out);
  boost::asio::steady_timer second(co_await boost::asio::this_coro::executor);
  for (std::uint64_t count = number(request.field("Last-Event-ID"));;) {
    const std::string id = std::to_string(++count);
    co_await events.send("tick " + id, "tick", id);
    second.expires_after(std::chrono::seconds(1));
    co_await second.async_wait(boost::asio::use_awaitable);
  }
}

// However many: what the client has not taken yet is not made yet either.
awaitable<void> numbers(const http::request& request, http::stream& out) {
  out.start(http::text(""));
  const std::uint64_t last = number(request.param("last"));
  for (std::uint64_t n = 1; n <= last; ++n) co_await out.write(std::to_string(n) + "\n");
}

// However large: nothing is kept.
awaitable<http::response> sum(const http::request&, http::body_reader& in) {
  std::uint64_t octets = 0;
  std::uint64_t total = 0;
  for (std::string_view piece = co_await in.read(); !piece.empty(); piece = co_await in.read()) {
    octets += piece.size();
    for (const char c : piece) total += static_cast<unsigned char>(c);
  }
  co_return http::text(std::to_string(octets) + " octets, sum " + std::to_string(total) + "\n");
}

}  // namespace

int main(int argc, char** argv) {
  return cluster::run(argc, argv, {.name = "streaming"}, [](cluster::worker& self) {
    http::router app;
    app.get("/events", events);
    app.get("/numbers/{last}", numbers);
    app.put("/sum", sum, {.body_bytes = std::uint64_t{1} << 40});
    return http::serve(self, app);
  });
}
