// SPDX-License-Identifier: BSL-1.0
#include "http/ws_route.hpp"

#include "http/exchange.hpp"
#include "http/file_part.hpp"
#include "http/ws_session.hpp"
#include "wire/response_writer.hpp"
#include "wire/ws_handshake.hpp"

#include <cluster/http/router.hpp>

#include <algorithm>
#include <stdexcept>

namespace cluster::http {
namespace {

std::shared_ptr<upgraded_session> begin_session(engine& owner, boost::asio::io_context& context,
                                                std::unique_ptr<exchange> request,
                                                std::shared_ptr<const ws_route> route, ws_beginning&& from) {
  return std::make_shared<ws_session>(owner, context, std::move(request), std::move(route), std::move(from));
}

}  // namespace

response answer_handshake(const request& asked, const std::shared_ptr<const ws_route>& to) {
  const wire::request_head& head = asked.data().head;
  if (const wire::refusal wrong = wire::check_handshake(head); wrong.status != 0) {
    response refused = text(std::string(wrong.reason) + "\n", wrong.status);
    if (wrong.status == 426) refused.upgrade_to("websocket").set("Sec-WebSocket-Version", "13");
    return refused;
  }
  const auto& origins = to->options.origins;
  // Only browsers say where they come from, and only there can somebody else's page be at work.
  if (!origins.empty() && asked.has_field("Origin") &&
      std::find(origins.begin(), origins.end(), asked.field("Origin")) == origins.end())
    return status(403);
  response switched;
  switched.extra(std::make_shared<const response_extra>(response_extra{nullptr, to}));
  const auto& known = to->options.subprotocols;
  std::string_view chosen;
  for (const std::string& each : known) {
    chosen = wire::choose_subprotocol(head, [&](std::string_view offered) { return offered == each; });
    if (!chosen.empty()) break;
  }
  if (!chosen.empty()) switched.set("Sec-WebSocket-Protocol", chosen);
  return switched;
}

router& router::websocket(std::string_view pattern, websocket_handler session, websocket_options options) {
  if (!session) throw std::invalid_argument("websocket: no handler");
  for (const std::string& each : options.subprotocols)
    if (!wire::valid_field_name(each))
      throw std::invalid_argument("websocket: bad subprotocol \"" + each + '"');
  if (options.message_bytes == 0)
    throw std::invalid_argument("websocket: message_bytes has to be more than zero");
  if (options.close_time.count() <= 0)
    throw std::invalid_argument("websocket: close_time has to be more than zero");
  const auto to =
      std::make_shared<const ws_route>(ws_route{std::move(session), std::move(options), &begin_session});
  return get(pattern, [to](const request& asked) { return answer_handshake(asked, to); });
}

}  // namespace cluster::http
