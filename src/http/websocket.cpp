// SPDX-License-Identifier: BSL-1.0
#include <cluster/http/websocket.hpp>

#include "http/ws_session.hpp"

#include <algorithm>

namespace cluster::http {

boost::asio::awaitable<std::optional<websocket::message>> websocket::read() { return session_->read(); }

boost::asio::awaitable<void> websocket::send(std::string data, kind type) {
  return session_->send(std::move(data), type);
}

bool websocket::post(std::shared_ptr<const std::string> data, kind type) {
  return session_->post(std::move(data), type);
}

boost::asio::awaitable<void> websocket::close(unsigned code, std::string reason) {
  return session_->close(code, std::move(reason));
}

const std::string& websocket::subprotocol() const noexcept { return session_->subprotocol(); }
bool websocket::resumed() const noexcept { return session_->resumed(); }

void websocket_group::join(const websocket& session) { sessions_.push_back(session.session_); }

std::size_t websocket_group::broadcast(std::string data, websocket::kind type) {
  const auto shared = std::make_shared<const std::string>(std::move(data));
  std::size_t count = 0;
  std::erase_if(sessions_, [&](const std::weak_ptr<ws_session>& each) {
    const auto session = each.lock();
    if (!session || session->over()) return true;
    if (session->post(shared, type)) {
      ++count;
      return false;
    }
    session->close_soon(1008);
    return true;
  });
  return count;
}

std::size_t websocket_group::size() const noexcept {
  return static_cast<std::size_t>(std::count_if(sessions_.begin(), sessions_.end(), [](const auto& each) {
    const auto session = each.lock();
    return session && !session->over();
  }));
}

}  // namespace cluster::http
