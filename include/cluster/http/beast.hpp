// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/http/request.hpp>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

namespace cluster::http {

/// An owning copy of the request in Beast's terms, for code that takes those or outlives the handler.
///
/// Fields are as received; the body is what request::body() gives, with the transfer coding undone though
/// a Transfer-Encoding field may still name it. Costs an allocation for each field, so it is not made
/// unless asked for; not part of the umbrella header.
CLUSTER_API boost::beast::http::request<boost::beast::http::string_body> to_beast(const request& from);

}  // namespace cluster::http
