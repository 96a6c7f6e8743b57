// SPDX-License-Identifier: BSL-1.0
#include <cluster/http/events.hpp>

#include <stdexcept>

namespace cluster::http {
namespace {

void add_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    throw std::invalid_argument("server_event: a line end or NUL in its " + std::string(name));
  if (!value.empty()) out.append(name).append(": ").append(value).append("\n");
}

}  // namespace

std::string event_text(const server_event& what) {
  std::string out;
  add_field(out, "event", what.name);
  add_field(out, "id", what.id);
  if (what.retry) out.append("retry: ").append(std::to_string(what.retry->count())).append("\n");
  // Each of the three line ends that readers know ends a line of data.
  std::string_view rest = what.data;
  for (bool more = true; more;) {
    const std::size_t end = rest.find_first_of("\r\n");
    out.append("data: ").append(rest.substr(0, end)).append("\n");
    more = end != std::string_view::npos;
    if (more) rest.remove_prefix(end + (rest.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  return out.append("\n");
}

event_stream::event_stream(stream& out) : out_(out) {
  out_.start(response().set("Content-Type", "text/event-stream").set("Cache-Control", "no-store"));
  out_.end_on_drain();
}

boost::asio::awaitable<void> event_stream::send(std::string_view data, std::string_view name,
                                                std::string_view id) {
  const server_event what{std::string(data), std::string(name), std::string(id), std::nullopt};
  return out_.write(event_text(what));
}
boost::asio::awaitable<void> event_stream::keep_alive() { return out_.write(":\n\n"); }

}  // namespace cluster::http
