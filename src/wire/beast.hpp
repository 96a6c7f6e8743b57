// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire/request_head.hpp"

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <string_view>

namespace cluster::wire {

/// An owning copy in Beast's terms: start line and fields as received, `body` as decoded.
boost::beast::http::request<boost::beast::http::string_body> to_beast(const request_head& head,
                                                                      std::string_view body);

}  // namespace cluster::wire
