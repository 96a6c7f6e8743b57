// SPDX-License-Identifier: BSL-1.0
// A chat in the browser. Sessions stay open over rolling replacements, and whoever chats keeps the name.
//   ./05_websocket_chat --listen 127.0.0.1:8000      then open http://127.0.0.1:8000/ twice
// A line goes to everybody, in this worker and in the others.
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

#include <string>

namespace {

namespace http = cluster::http;

constexpr const char* page =
    R"(<!doctype html><title>chat</title><ul id=log></ul><form><input autofocus></form>
<script>
const socket = new WebSocket("ws://" + location.host + "/chat");
socket.onmessage = event => {
  const line = document.createElement("li");
  line.textContent = event.data;
  document.getElementById("log").append(line);
};
document.forms[0].onsubmit = event => {
  const input = document.querySelector("input");
  socket.send(input.value);
  input.value = "";
  event.preventDefault();
};
</script>)";

// The first message is the name. It is kept with the connection and so moves with it.
boost::asio::awaitable<void> chat(const http::request& request, http::websocket& session,
                                  http::websocket_room& room) {
  std::any& name = request.connection_state();
  if (!session.resumed()) co_await session.send("Who are you?");
  if (name.has_value()) room.join(session);
  while (auto message = co_await session.read()) {
    if (!name.has_value()) {
      name = message->data;
      room.join(session);
      room.broadcast(message->data + " has come");
    } else {
      room.broadcast(std::any_cast<std::string>(name) + ": " + message->data);
    }
  }
  if (name.has_value()) room.broadcast(std::any_cast<std::string>(name) + " has left");
}

}  // namespace

int main(int argc, char** argv) {
  return cluster::run(argc, argv, {.name = "chat"}, [](cluster::worker& self) {
    http::websocket_room room(self, "chat");
    http::router app;
    app.get("/", [] { return http::html(page); });
    http::websocket_options options;
    options.message_bytes = 2000;
    options.moves = true;
    app.websocket(
        "/chat",
        [&room](const http::request& request, http::websocket& session) {
          return chat(request, session, room);
        },
        options);
    return http::serve(self, app);
  });
}
