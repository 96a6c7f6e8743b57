// SPDX-License-Identifier: BSL-1.0
// Rooms whose members are all in one worker, so that a room is a plain object there: the supervisor looks at
// the first line of each connection and picks the slot by the room's name. Sessions stay open over rolling
// replacements and move to the successor of their slot, all of a room together.
//   ./12_sticky_rooms --listen 127.0.0.1:8000      then open http://127.0.0.1:8000/room/tea twice
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

#include <map>
#include <string>

namespace {

namespace http = cluster::http;

constexpr const char* page =
    R"(<!doctype html><title>room</title><ul id=log></ul><form><input autofocus></form>
<script>
const socket = new WebSocket("ws://" + location.host + location.pathname + "/live");
socket.onmessage = event => document.getElementById("log").append(event.data, document.createElement("br"));
document.forms[0].onsubmit = event => {
  socket.send(document.querySelector("input").value);
  event.preventDefault();
};
</script>)";

// "GET /room/tea/live HTTP/1.1": the room is the key. Without the whole line yet: more, please.
cluster::connection_choice by_room(const cluster::incoming_connection& what) {
  const std::string_view line = what.first.substr(0, what.first.find('\n'));
  if (line.size() == what.first.size()) return {cluster::connection_choice::kind::more, 0};
  const std::size_t begin = line.find(" /room/");
  if (begin == line.npos) return {};
  const std::string_view rest = line.substr(begin + 7);
  return cluster::connection_choice::by_key(rest.substr(0, rest.find_first_of("/ ?")));
}

}  // namespace

int main(int argc, char** argv) {
  cluster::options defaults{.name = "rooms", .workers = 4, .schedule = cluster::schedule::round_robin};
  defaults.router = {by_room, 2048, std::chrono::milliseconds(1000)};
  return cluster::run(argc, argv, defaults, [](cluster::worker& self) {
    std::map<std::string, http::websocket_group> rooms;
    http::router app;
    app.get("/room/{name}", [] { return http::html(page); });
    http::websocket_options options;
    options.moves = true;
    app.websocket(
        "/room/{name}/live",
        [&](const http::request& request, http::websocket& session) -> boost::asio::awaitable<void> {
          http::websocket_group& room = rooms[std::string(request.param("name"))];
          const std::string who = "worker " + std::to_string(self.id().value) + ": ";
          room.join(session);
          while (auto message = co_await session.read()) room.broadcast(who + message->data);
        },
        options);
    return http::serve(self, app);
  });
}
