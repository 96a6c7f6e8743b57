// SPDX-License-Identifier: BSL-1.0
#include <cluster/http/websocket_room.hpp>

#include <cluster/worker.hpp>

#include <stdexcept>
#include <utility>

namespace cluster::http {
namespace {

// No message that an application writes by hand begins so.
constexpr std::string_view prefix{"\0cluster.websocket_room\0", 24};

std::string topic_of(std::string_view name) {
  if (name.find('\0') != std::string_view::npos)
    throw std::invalid_argument("websocket_room: a name cannot hold NUL");
  std::string topic(prefix);
  topic.append(name).push_back('\0');
  return topic;
}

}  // namespace

struct websocket_room::impl : std::enable_shared_from_this<impl> {
  impl(worker& owner, std::string_view name) : self(owner), topic(topic_of(name)) {}

  void hear(const std::string& octets) {
    if (octets.size() <= topic.size()) return;
    const auto type = octets[topic.size()] == 't' ? websocket::kind::text : websocket::kind::binary;
    here.broadcast(octets.substr(topic.size() + 1), type);
  }

  void tell_others(const std::string& data, websocket::kind type) {
    std::string octets;
    octets.reserve(topic.size() + 1 + data.size());
    octets.append(topic).push_back(type == websocket::kind::text ? 't' : 'b');
    octets.append(data);
    self.async_broadcast(std::move(octets), [weak = weak_from_this()](error_code ec) {
      if (const auto room = weak.lock(); ec && room) ++room->undelivered;
    });
  }

  worker& self;
  const std::string topic;  // in front of each message
  websocket_group here;
  std::uint64_t undelivered = 0;
};

websocket_room::websocket_room(worker& self, std::string_view name)
    : impl_(std::make_shared<impl>(self, name)) {
  self.on_topic(impl_->topic, [weak = std::weak_ptr(impl_)](worker_id, message&& what) {
    if (const auto room = weak.lock()) room->hear(what.data);
  });
}

websocket_room::~websocket_room() { impl_->self.on_topic(impl_->topic, {}); }

void websocket_room::join(const websocket& session) { impl_->here.join(session); }

std::size_t websocket_room::broadcast(std::string data, websocket::kind type) {
  impl_->tell_others(data, type);
  return impl_->here.broadcast(std::move(data), type);
}

std::size_t websocket_room::size() const noexcept { return impl_->here.size(); }
std::uint64_t websocket_room::undelivered() const noexcept { return impl_->undelivered; }

}  // namespace cluster::http
