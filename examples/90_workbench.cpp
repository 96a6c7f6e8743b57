// SPDX-License-Identifier: BSL-1.0
// A server to point tools at: tests, benches and the curious.
//   /            Hello, World!            /ms/N     answers after N ms, without blocking
//   /whoami      worker, slot and pid     /spin/N   blocks its worker for N ms, computing
//   /from        who asks, by which scheme, for which host
//   /echo        the content sent         /hang     blocks its worker for good
//   /say/TEXT    the text                 /block/N  blocks its worker for N ms, asleep
//   /headers     the fields as received   /throw    throws: 500 for this request only
//   /big         8 MiB, from a file       /exit/N   ends its worker with exit code N
//   /orphan/N    starts a process that outlives its parent, for 0.N s
//   /leak/N      takes N KiB for good
//   /upload      counts the content       /nocontent  204
//   /stream      64 pieces of 1 KiB, length unknown beforehand
//   /ws          WebSocket that sends back what it gets; stays open when its worker is replaced
//   /room        WebSocket that sends what it gets to all sessions there, in all workers
//   /visits      counts the requests of its connection, in whichever worker that is
//   /print/WORDS writes them to its standard output and error
// The field X-Worker names the worker in each answer. Own argument, after `--`: --fail-start CODE ends
// each worker before it is ready.
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

namespace http = cluster::http;

int number(std::string_view text) {
  int value = -1;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || value < 0 || value > 600'000)
    throw std::invalid_argument("'" + std::string(text) + "' is not a number from 0 to 600000");
  return value;
}

void block_for(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) continue;
}

// 8 MiB that are in memory once, however many clients take their time over them.
std::string big_file() {
  const int fd = ::memfd_create("big", MFD_CLOEXEC);
  const std::string content(8 * 1024 * 1024, 'x');
  if (fd < 0 || ::write(fd, content.data(), content.size()) != static_cast<ssize_t>(content.size()))
    throw std::runtime_error("no memory for /big");
  return "/proc/self/fd/" + std::to_string(fd);
}

void add_routes(http::router& app, const cluster::worker& self, http::websocket_room& room) {
  app.after([id = std::to_string(self.id().value)](const http::request&, http::response& answer) {
    answer.set("X-Worker", id);
  });
  app.get("/", [] { return http::text("Hello, World!\n"); });
  app.get("/whoami", [=, &self] {
    return http::text("worker " + std::to_string(self.id().value) + " slot " +
                      std::to_string(self.slot().value) + " pid " + std::to_string(::getpid()) + "\n");
  });
  app.get("/from", [](const http::request& request) {
    return http::text(request.remote_address() + " " + std::string(request.scheme()) + " " +
                      std::string(request.host()) + "\n");
  });
  const auto echo = [](const http::request& request) {
    return http::response().set("Content-Type", "application/octet-stream").body(std::string(request.body()));
  };
  app.get("/echo", echo).post("/echo", echo).put("/echo", echo);
  app.get("/say/{text}",
          [](const http::request& request) { return http::text(std::string(request.param("text"))); });
  app.get("/headers", [](const http::request& request) {
    std::string lines;
    for (const auto& [name, value] : request.fields())
      lines.append(name).append(": ").append(value).append("\n");
    return http::text(std::move(lines));
  });
  app.get("/big", [](const http::request& request) {
    static const std::string path = big_file();  // not before it is asked for: workers start fast
    return http::file(request, path, {.content_type = "text/plain"});
  });
  const auto count = [](const http::request&,
                        http::body_reader& in) -> boost::asio::awaitable<http::response> {
    std::uint64_t octets = 0;
    for (auto piece = co_await in.read(); !piece.empty(); piece = co_await in.read()) octets += piece.size();
    co_return http::text(std::to_string(octets) + "\n");
  };
  const http::route_options large{.body_bytes = std::uint64_t{1} << 40U};
  app.post("/upload", count, large).put("/upload", count, large);
  app.get("/nocontent", [] { return http::status(204); });
  app.get("/stream", [](const http::request&, http::stream& out) -> boost::asio::awaitable<void> {
    out.start(http::text(""));
    const std::string piece(1024, 's');
    for (int i = 0; i < 64; ++i) co_await out.write(piece);
  });
  http::websocket_options session_options;
  session_options.moves = true;
  app.websocket(
      "/ws",
      [](const http::request&, http::websocket& session) -> boost::asio::awaitable<void> {
        while (auto message = co_await session.read())
          co_await session.send(std::move(message->data), message->type);
      },
      session_options);
  app.websocket(
      "/room",
      [&room](const http::request&, http::websocket& session) -> boost::asio::awaitable<void> {
        room.join(session);
        while (auto message = co_await session.read())
          room.broadcast(std::move(message->data), message->type);
      },
      session_options);
  app.get("/visits", [](const http::request& request) {
    auto& state = request.connection_state();
    if (!state.has_value()) state = 0;
    return http::text(std::to_string(++std::any_cast<int&>(state)) + "\n");
  });
  app.get("/ms/{time}", [](const http::request& request) -> boost::asio::awaitable<http::response> {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                    std::chrono::milliseconds(number(request.param("time"))));
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return http::text("waited\n");
  });
  app.get("/spin/{time}", [](const http::request& request) {
    block_for(std::chrono::milliseconds(number(request.param("time"))));
    return http::text("spun\n");
  });
  app.get("/block/{time}", [](const http::request& request) {
    std::this_thread::sleep_for(std::chrono::milliseconds(number(request.param("time"))));
    return http::text("blocked\n");
  });
  app.get("/print/{words}", [](const http::request& request) {
    std::cout << request.param("words") << std::endl;
    std::cerr << request.param("words") << std::endl;
    return http::text("printed\n");
  });
  app.get("/hang", []() -> http::response {
    for (;;) ::pause();
  });
  app.get("/orphan/{time}", [](const http::request& request) {
    // A process whose parent is gone before it.
    const std::string command = "sleep 0." + std::to_string(number(request.param("time"))) + " &";
    return http::text(std::to_string(std::system(command.c_str())) + "\n");
  });
  app.get("/leak/{kib}", [](const http::request& request) {
    // Never freed, and touched, so that it is resident.
    static std::vector<std::string> leaked;
    leaked.emplace_back(static_cast<std::size_t>(number(request.param("kib"))) * 1024, 'x');
    return http::text("leaked\n");
  });
  app.get("/throw", []() -> http::response { throw std::runtime_error("thrown on request"); });
  app.get("/exit/{code}", [](const http::request& request) -> http::response {
    std::_Exit(number(request.param("code")) & 0xFF);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const cluster::options defaults{.name = "workbench", .description = "A server to point tools at."};
  return cluster::run(argc, argv, defaults, [](cluster::worker& self) {
    const auto own = self.arguments();
    if (own.size() == 2 && own[0] == "--fail-start") return number(own[1]);
    if (!own.empty()) throw std::invalid_argument("'" + own[0] + "': known is --fail-start CODE");
    http::router app;
    http::websocket_room room(self, "room");
    add_routes(app, self, room);
    http::server_options options;  // the count of /visits goes along when a connection moves
    options.save_state = [](const std::any& count) { return std::to_string(std::any_cast<int>(count)); };
    options.restore_state = [](std::string_view octets) { return std::any(number(octets)); };
    return http::serve(self, app, options);
  });
}
