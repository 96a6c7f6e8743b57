// SPDX-License-Identifier: BSL-1.0
// A chat in the browser. Sessions stay open over rolling replacements, and whoever chats keeps the name.
//   ./05_websocket_chat --listen 127.0.0.1:8000      then open http://127.0.0.1:8000/ twice
// A line goes to everybody in this worker, and by a message to the other workers, which do the same.
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

#include <boost/asio/detached.hpp>

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

struct chat_room {
  void say(const std::string& line) {
    here.broadcast(line);
    self.async_broadcast(line, boost::asio::detached);
  }
  cluster::worker& self;
  http::websocket_group here;
};

// The first message is the name. It is kept with the connection and so moves with it.
boost::asio::awaitable<void> chat(const http::request& request, http::websocket& session, chat_room& room) {
  std::any& name = request.connection_state();
  if (!session.resumed()) co_await session.send("Who are you?");
  if (name.has_value()) room.here.join(session);
  while (auto message = co_await session.read()) {
    if (!name.has_value()) {
      name = message->data;
      room.here.join(session);
      room.say(message->data + " has come");
    } else {
      room.say(std::any_cast<std::string>(name) + ": " + message->data);
    }
  }
  if (name.has_value()) room.say(std::any_cast<std::string>(name) + " has left");
}

}  // namespace

int main(int argc, char** argv) {
  return cluster::run(argc, argv, {.name = "chat"}, [](cluster::worker& self) {
    chat_room room{self, {}};
    self.on_message([&room](cluster::worker_id, cluster::message&& line) { room.here.broadcast(line.data); });
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
