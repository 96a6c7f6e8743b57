// SPDX-License-Identifier: BSL-1.0
// Listeners that come and go. Both calls answer when it is done: only then is known what came of it.
#include "control/json_text.hpp"
#include "control/service.hpp"
#include "wire/percent.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace cluster::control {
namespace {

reply refused(const error_code& ec, const listener_change& what) {
  const std::string words = what.reason.empty() ? ec.message() : what.reason;
  if (ec == make_error_code(error::invalid_address) || ec == make_error_code(error::invalid_options))
    return error_reply(400, "invalid_value", words);
  if (ec == make_error_code(error::unknown_listener)) return error_reply(404, "unknown_listener", words);
  if (ec == make_error_code(error::not_running)) return error_reply(409, "not_running", words);
  if (ec == make_error_code(error::bind_failed)) return error_reply(409, "bind_failed", words);
  if (ec == make_error_code(error::worker_unavailable)) return error_reply(409, "no_worker", words);
  if (ec == boost::asio::error::operation_aborted)
    return error_reply(409, "interrupted", "a stop came in between");
  if (ec == make_error_code(error::not_handled)) return error_reply(422, "not_taken_up", words);
  return error_reply(500, "failed", words);
}

reply changed(unsigned status, const listener_change& what) {
  json_text json;
  json.open().key("listeners").open('[');
  for (const listener& each : what.listeners)
    json.open().member("name", each.name).member("uri", each.uri).close();
  json.close(']').close();
  reply result;
  result.status = status;
  result.body = json.take() + "\n";
  return result;
}

}  // namespace

void service::add_listener(const call& what, const answer& done) {
  if (const query given(what.query, {}); given.complaint()) return done(*given.complaint());
  fields body(what.body, {"uri"});
  const auto uri = body.text("uri");
  if (body.complaint()) return done(*body.complaint());
  if (!uri) return done(error_reply(400, "invalid_value", "uri: is missing, where to listen"));
  owner_->async_add_listener(*uri, [done](error_code ec, const listener_change& came) {
    done(ec ? refused(ec, came) : changed(201, came));
  });
}

void service::remove_listener(const call& what, std::string_view name, const answer& done) {
  if (const query given(what.query, {}); given.complaint()) return done(*given.complaint());
  if (const fields body(what.body, {}); body.complaint()) return done(*body.complaint());
  owner_->async_remove_listener(wire::percent_decode(name, wire::plus::as_is),
                                [done](error_code ec, const listener_change& came) {
                                  done(ec ? refused(ec, came) : changed(200, came));
                                });
}

}  // namespace cluster::control
